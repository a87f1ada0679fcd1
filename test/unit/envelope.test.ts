import { constants, deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeBase64, encodeBase64 } from "../../worker/envelopes/base64.js";
import { EnvelopeError, MAX_CONTENT_BYTES, seal, unseal } from "../../worker/envelopes/envelope.js";

const MIB = 1024 * 1024;
const MESSAGE = JSON.stringify([
  { type: "text", text: Array.from({ length: 120 }, (_, at) => `${at * at} äöü 日本 😀`).join(" ") },
]);

/** What a row with this binary gzip payload holds. */
function stored(gzip: Uint8Array): string {
  return `gzip:${Buffer.from(gzip).toString("base64")}`;
}

function payload(sealed: string): Uint8Array {
  return Buffer.from(sealed.slice("gzip:".length), "base64");
}

/** What reading gives, or `undefined` where that throws as it should. */
function read(content: string): string | undefined {
  try {
    return unseal(content);
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined;
    throw error;
  }
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}

/** Collects what is read from every damaged form that is not `text`, without an assertion per form. */
function misread(text: string, damaged: Iterable<string>): string[] {
  return Array.from(damaged, read).filter((result) => result !== undefined && result !== text) as string[];
}

// What engines have by now, by the letter of the specification; Node 20 has neither.
function engineToBase64(this: Uint8Array): string {
  return Buffer.from(this).toString("base64");
}

function engineFromBase64(text: string): Uint8Array {
  const compact = text.replaceAll(/[\t\n\f\r ]/g, "");
  const bytes = Buffer.from(compact, "base64");
  if (bytes.toString("base64") !== compact) throw new SyntaxError("not strict base64");
  return new Uint8Array(bytes);
}

/** Puts another property in place; gives what puts the first one back. */
function replace(target: object, name: string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { configurable: true, value });
  return () => {
    if (original) Object.defineProperty(target, name, original);
    else Reflect.deleteProperty(target, name);
  };
}

describe.each([
  ["the engine's base64", engineToBase64, engineFromBase64],
  ["our own base64", undefined, undefined],
])("with %s", (_, toBase64, fromBase64) => {
  let restore: (() => void)[] = [];

  beforeEach(() => {
    restore = [replace(Uint8Array.prototype, "toBase64", toBase64), replace(Uint8Array, "fromBase64", fromBase64)];
  });

  afterEach(() => {
    for (const undo of restore) undo();
  });

  test("gives back every text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 1500, size: "max" }), (text) => {
        expect(unseal(seal(text)) === text).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test.each([0, 1, 511, 512, 4095, 4096, 65_535, 65_536, 5 * MIB])("gives back a text of %i characters", (size) => {
    const text = "Äpfel, 日本 und \\ud83d. ".repeat(Math.ceil(size / 20)).slice(0, size);
    expect(unseal(seal(text)) === text).toBe(true);
  });

  test("writes padded base64 without line breaks that zlib reads", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 512, maxLength: 1500, size: "max" }), (text) => {
        const sealed = seal(text);
        expect(sealed).toMatch(/^gzip:(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);
        expect(gunzipSync(payload(sealed)).toString()).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  test("encodes and decodes all bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  // Each result is what base64.b64decode of Python 3.11 gives.
  test.each([
    ["", ""],
    ["QUI=", "AB"],
    ["QQ==", "A"],
    ["QR==", "A"],
    ["QU\nJD", "ABC"],
    ["*Q*U*I*=*", "AB"],
    ["Q-U_JD", "ABC"],
    ["=QUJD", "ABC"],
    ["QUJD====", "ABC"],
    ["QUJ=D", "AB"],
    ["QQ==QUJD", "A"],
    ["QUI=QUJD", "AB"],
    ["QQ=*=", "A"],
    ["QQ=U=", "A\u0005"],
  ])("reads the base64 %j as Python does", (text, expected) => {
    expect(Buffer.from(decodeBase64(text)).toString("latin1")).toBe(expected);
  });

  test.each(["Q", "QQ", "QUI", "QQ=", "Q===", "QQ=UJD", "QQ=AAAA="])(
    "refuses the base64 %j for its padding",
    (text) => {
      expect(() => decodeBase64(text)).toThrow("the base64 padding is wrong");
    },
  );

  test.each(["QUJDé", "日QUJD", "QUJD😀"])("refuses the base64 %j for its character", (text) => {
    expect(() => decodeBase64(text)).toThrow("the base64 text has a character that is not ASCII");
  });

  test("finds every flipped bit of the base64 text, or reads the same text", () => {
    const bytes = Buffer.from(seal(MESSAGE), "latin1");
    const bits = Array.from({ length: (bytes.length - 5) * 8 }, (_, bit) => bit + 5 * 8);
    expect(
      misread(
        MESSAGE,
        bits.map((bit) => Buffer.from(flip(bytes, bit)).toString("latin1")),
      ),
    ).toEqual([]);
  });

  test("finds every truncation of the base64 text", () => {
    const sealed = seal(MESSAGE);
    const cuts = Array.from({ length: sealed.length - 6 }, (_, cut) => sealed.slice(0, cut + 6));
    expect(cuts.filter((cut) => read(cut) !== undefined)).toEqual([]);
  });
});

describe("seal", () => {
  test.each(["a", "é", "日", "😀"])("compresses from 512 UTF-8 bytes on, in a text of %s", (character) => {
    const bytesEach = Buffer.byteLength(character);
    for (let bytes = 505; bytes < 520; bytes++) {
      const text = character.repeat(Math.floor(bytes / bytesEach)) + "x".repeat(bytes % bytesEach);
      expect([bytes, seal(text).startsWith("gzip:")]).toEqual([bytes, bytes >= 512]);
      expect(unseal(seal(text))).toBe(text);
    }
  });

  test("gives the same string for the same text at any time", () => {
    vi.useFakeTimers({ now: 0 });
    const first = seal(MESSAGE);
    vi.setSystemTime(1_800_000_000_000);
    expect(seal(MESSAGE)).toBe(first);
    vi.useRealTimers();
  });
});

describe("unseal", () => {
  const gzip = gzipSync(MESSAGE);
  const trailer = gzip.subarray(-8);
  const deflated = gzip.subarray(10, -8);

  test("strips one prefix, once, and only in lower case", () => {
    expect(unseal("plain:plain:[]")).toBe("plain:[]");
    expect(unseal("plain:gzip:AAAA")).toBe("gzip:AAAA");
    expect(unseal("Plain:[]")).toBe("Plain:[]");
    expect(unseal("GZIP:AAAA")).toBe("GZIP:AAAA");
    expect(unseal(" gzip:AAAA")).toBe(" gzip:AAAA");
  });

  test("reads what has no prefix as it is", () => {
    expect(unseal('[{"type": "text", "text": "old"}]')).toBe('[{"type": "text", "text": "old"}]');
    expect(unseal("")).toBe("");
  });

  test("reads either form on either side of 512 bytes", () => {
    expect(unseal(`plain:${MESSAGE}`)).toBe(MESSAGE);
    expect(unseal(stored(gzipSync("[]")))).toBe("[]");
    expect(unseal("gzip:")).toBe("");
  });

  test.each([null, undefined, 7, 7n, new Uint8Array(Buffer.from("plain:[]")), {}])(
    "refuses %o, which is not text",
    (value) => {
      expect(() => unseal(value)).toThrow(new EnvelopeError("the content is not text"));
    },
  );

  test("keeps a byte order mark and refuses what is not UTF-8", () => {
    expect(unseal(stored(gzipSync("\ufeff[]")))).toBe("\ufeff[]");
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      expect(() => unseal(stored(gzipSync(Uint8Array.from(bytes))))).toThrow("the text is not UTF-8");
    }
  });

  test("reads base64 that is broken into lines", () => {
    const lines = gzip.toString("base64").replaceAll(/.{76}/g, "$&\r\n");
    expect(unseal(`gzip:${lines}\n`)).toBe(MESSAGE);
  });

  test.each([
    ["nothing", 0, []],
    ["an extra field", 4, [3, 0, 1, 2, 3]],
    ["a name", 8, [110, 0]],
    ["a comment", 16, [99, 0]],
    ["a header checksum", 2, [1, 2]],
    ["all of them", 31, [1, 0, 9, 110, 0, 99, 0, 1, 2]],
  ])("reads a header with %s", (_, flags, fields) => {
    const header = [0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255, ...fields];
    expect(unseal(stored(Buffer.concat([Uint8Array.from(header), deflated, trailer])))).toBe(MESSAGE);
  });

  test.each([
    ["stored", { level: 0 }],
    ["fixed", { strategy: constants.Z_FIXED }],
    ["literal", { strategy: constants.Z_HUFFMAN_ONLY }],
    ["many small", { memLevel: 1 }],
    ["short-reaching", { windowBits: 9 }],
  ])("reads %s blocks", (_, options) => {
    const text = MESSAGE.repeat(40);
    expect(unseal(stored(gzipSync(text, options))) === text).toBe(true);
  });

  test("joins members, with or without zeros behind them", () => {
    const zeros = new Uint8Array(5);
    expect(unseal(stored(Buffer.concat([gzip, gzip])))).toBe(MESSAGE + MESSAGE);
    expect(unseal(stored(Buffer.concat([gzipSync("["), zeros, gzipSync(""), gzipSync("]"), zeros])))).toBe("[]");
    // A character may be cut in two.
    const [first, ...rest] = Buffer.from("é");
    expect(unseal(stored(Buffer.concat([gzipSync(Uint8Array.of(first!)), gzipSync(Uint8Array.from(rest))])))).toBe("é");
  });

  test("refuses anything else behind or between", () => {
    expect(() => unseal(stored(Buffer.concat([gzip, Buffer.from("garbage")])))).toThrow("the data is not gzip");
    expect(() => unseal(stored(Buffer.concat([gzip, gzip.subarray(0, -1)])))).toThrow("the gzip data ends too early");
    const between = Buffer.concat([gzip.subarray(0, -8), Buffer.from("x"), trailer]);
    expect(read(stored(between))).toBeUndefined();
  });

  test("refuses a stream that reaches back to before its beginning", () => {
    const deflatedZeros = deflateRawSync(Buffer.alloc(100), { dictionary: Buffer.alloc(100) });
    const gzipZeros = gzipSync(Buffer.alloc(100));
    const reaching = Buffer.concat([gzipZeros.subarray(0, 10), deflatedZeros, gzipZeros.subarray(-8)]);
    expect(() => unseal(stored(reaching))).toThrow("the gzip data is damaged");
  });

  test("says what is wrong", () => {
    const wrong = (at: number) => stored(flip(gzip, (gzip.length + at) * 8));
    expect(() => unseal(wrong(-8))).toThrow(new EnvelopeError("the gzip checksum does not match"));
    expect(() => unseal(wrong(-4))).toThrow(new EnvelopeError("the gzip length does not match"));
    expect(() => unseal(stored(gzip.subarray(0, 50)))).toThrow(new EnvelopeError("the gzip data ends too early"));
    expect(() => unseal("gzip:aGVsbG8=")).toThrow(new EnvelopeError("the data is not gzip"));
    expect(() => unseal("gzip:aGVsbG8")).toThrow(new EnvelopeError("the base64 padding is wrong"));
  });
});

describe.each([
  ["text", gzipSync(MESSAGE)],
  ["short text", gzipSync("[]")],
  ["repeated text", gzipSync("na".repeat(5000))],
  ["stored bytes", gzipSync(MESSAGE.slice(0, 300), { level: 0 })],
  ["fixed codes", gzipSync(MESSAGE.slice(0, 900), { strategy: constants.Z_FIXED })],
  ["two members", Buffer.concat([gzipSync("[1,"), gzipSync("2]")])],
  ["our own gzip", payload(seal(MESSAGE))],
])("a damaged payload of %s", (_, gzip) => {
  const text = gunzipSync(gzip).toString();

  test("is found for every flipped bit, or read the same", () => {
    const bits = Array.from({ length: gzip.length * 8 }, (_, bit) => stored(flip(gzip, bit)));
    expect(misread(text, bits)).toEqual([]);
  });

  test("is found for every truncation but that between members", () => {
    const cuts = Array.from({ length: gzip.length - 1 }, (_, cut) => gzip.subarray(0, cut + 1));
    const whole = cuts.filter((cut) => read(stored(cut)) !== undefined);
    expect(whole.map((cut) => cut.length)).toEqual(text === "[1,2]" ? [gzipSync("[1,").length] : []);
  });
});

describe("a bomb", () => {
  /** In bytes: how much memory was taken. */
  let taken = 0;

  beforeEach(() => {
    taken = 0;
    const { grow } = WebAssembly.Memory.prototype;
    vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(function (this: WebAssembly.Memory, pages) {
      taken += pages * 64 * 1024;
      return grow.call(this, pages);
    });
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Zeros of this many times 16 MiB, in 16 KB each. */
  function zeros(times: number, claim = times * 16 * MIB): Buffer {
    const part = deflateRawSync(Buffer.alloc(16 * MIB), { finishFlush: constants.Z_FULL_FLUSH });
    const end = Buffer.alloc(10);
    end.writeUInt16LE(3);
    end.writeUInt32LE(claim >>> 0, 6);
    return Buffer.concat([gzipSync("").subarray(0, 10), ...Array.from({ length: times }, () => part), end]);
  }

  test.each([MAX_CONTENT_BYTES - 1, MAX_CONTENT_BYTES, MAX_CONTENT_BYTES + 1, 0x7fffffff, 0xffffffff])(
    "that only claims to hold %i bytes is refused without memory for them",
    (claim) => {
      const gzip = gzipSync(MESSAGE);
      gzip.writeUInt32LE(claim, gzip.length - 4);
      expect(() => unseal(stored(gzip))).toThrow("the gzip length does not match");
      expect(taken).toBeLessThan(MIB);
    },
  );

  test.each([
    ["says so", undefined],
    ["claims to be small", 100],
    ["claims to be empty", 0],
  ])("that inflates beyond the limit and %s is refused without memory for it", (_, claim) => {
    const gzip = zeros(17, claim);
    expect(() => unseal(stored(gzip))).toThrow(`the content is larger than ${MAX_CONTENT_BYTES} bytes`);
    expect(taken).toBeLessThan(64 * gzip.length);
  });

  test("that stays below the limit and lies about its size is refused without memory for it", () => {
    expect(() => unseal(stored(zeros(4, 100)))).toThrow("the gzip length does not match");
    expect(taken).toBeLessThan(MIB);
  });

  test("is not what compresses well", () => {
    const text = " ".repeat(8 * MIB);
    expect(unseal(stored(gzipSync(text))) === text).toBe(true);
    expect(taken).toBeGreaterThan(7 * MIB);
    expect(taken).toBeLessThan(9 * MIB);
  });

  test("that is small enough leaves no memory behind, read or not", () => {
    const large = gzipSync(" ".repeat(8 * MIB));
    const damaged = flip(large, (large.length - 8) * 8);
    for (const gzip of [large, damaged, large]) {
      taken = 0;
      read(stored(gzip));
      expect(taken).toBeGreaterThan(7 * MIB);
    }
  });
});
