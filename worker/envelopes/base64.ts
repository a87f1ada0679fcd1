// Standard base64 as the file holds it. Reading follows Python's base64.b64decode(text) with validate=False: what is not
// of the alphabet is dropped, the first complete padding ends the data, and anything after it is ignored.

const ALPHABET = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PAD = "=".charCodeAt(0);
const FOREIGN = 64;

const VALUES: Uint8Array = new Uint8Array(256).fill(FOREIGN);
ALPHABET.forEach((code, value) => (VALUES[code] = value));

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// Chromium 140, Firefox 133: https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/Uint8Array/fromBase64
interface EngineBytes {
  toBase64?(): string;
}
interface EngineConstructor {
  fromBase64?(text: string, options: { lastChunkHandling: "strict" }): Uint8Array;
}

/** Padded standard base64 without line breaks, by the engine where it can. */
export function encodeBase64(bytes: Uint8Array): string {
  const engine: Uint8Array & EngineBytes = bytes;
  return engine.toBase64 ? engine.toBase64() : encodeInScript(bytes);
}

/**
 * The bytes of a base64 text, read as Python's `b64decode` reads it. Uses the engine where it can.
 *
 * @throws Error when the padding is wrong or a character is not ASCII.
 */
export function decodeBase64(text: string): Uint8Array {
  const engine: typeof Uint8Array & EngineConstructor = Uint8Array;
  if (!engine.fromBase64) return decodeInScript(text);
  try {
    // Whatever "strict" accepts, Python reads to the same bytes; of what it refuses, Python still reads a part.
    return engine.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return decodeInScript(text);
  }
}

function encodeInScript(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PAD);
  const whole = bytes.length - (bytes.length % 3);
  let to = 0;
  for (let from = 0; from < whole; from += 3) {
    const group = (bytes[from]! << 16) | (bytes[from + 1]! << 8) | bytes[from + 2]!;
    text[to++] = ALPHABET[group >> 18]!;
    text[to++] = ALPHABET[(group >> 12) & 63]!;
    text[to++] = ALPHABET[(group >> 6) & 63]!;
    text[to++] = ALPHABET[group & 63]!;
  }
  const left = bytes.length - whole;
  if (left > 0) {
    const group = (bytes[whole]! << 16) | (left === 2 ? bytes[whole + 1]! << 8 : 0);
    text[to++] = ALPHABET[group >> 18]!;
    text[to++] = ALPHABET[(group >> 12) & 63]!;
    if (left === 2) text[to++] = ALPHABET[(group >> 6) & 63]!;
  }
  return decoder.decode(text);
}

function decodeInScript(text: string): Uint8Array {
  // Every character outside ASCII takes more UTF-8 bytes than it has UTF-16 units.
  const bytes = encoder.encode(text);
  if (bytes.length !== text.length) throw new Error("the base64 text has a character that is not ASCII");
  let from = 0;
  let to = 0;
  // Decoded in place: three bytes are written where four were read.
  for (; from + 4 <= bytes.length; from += 4, to += 3) {
    const a = VALUES[bytes[from]!]!;
    const b = VALUES[bytes[from + 1]!]!;
    const c = VALUES[bytes[from + 2]!]!;
    const d = VALUES[bytes[from + 3]!]!;
    if (((a | b | c | d) & FOREIGN) !== 0) break;
    bytes[to] = (a << 2) | (b >> 4);
    bytes[to + 1] = (b << 4) | (c >> 2);
    bytes[to + 2] = (c << 6) | d;
  }
  return bytes.subarray(0, decodeLeniently(bytes, from, to));
}

/** CPython's a2b_base64 from a group's beginning on; returns where the decoded bytes end. */
function decodeLeniently(bytes: Uint8Array, start: number, end: number): number {
  let to = end;
  let group = 0;
  let filled = 0;
  let pads = 0;
  for (let from = start; from < bytes.length; from++) {
    const code = bytes[from]!;
    const value = VALUES[code]!;
    if (code === PAD) {
      if (filled >= 2 && filled + ++pads >= 4) return to;
    } else if (value !== FOREIGN) {
      pads = 0;
      group = (group << 6) | value;
      if (filled > 0) bytes[to++] = group >> (6 - 2 * filled);
      filled = (filled + 1) % 4;
    }
  }
  if (filled !== 0) throw new Error("the base64 padding is wrong");
  return to;
}
