import * as fc from "fast-check";
import { build } from "rolldown";
import { beforeAll, expect, test, vi } from "vitest";
import { seal, unseal } from "../../worker/envelopes/envelope.js";
import { makeMessages } from "../bench/data/messages.js";
import { assembly } from "../tools/build/assembly.js";
import { fflate } from "../tools/build/fflate.js";

/** Makes envelopes as the built worker does. */
async function load(): Promise<typeof seal> {
  const plugins = [assembly(), fflate()];
  const { output } = await build({ input: "worker/envelopes/envelope.ts", platform: "browser", plugins, write: false });
  const url = `data:text/javascript,${encodeURIComponent(output[0].code)}//${Math.random()}`;
  return ((await import(/* @vite-ignore */ url)) as { seal: typeof seal }).seal;
}

let builtSeal: typeof seal;

beforeAll(async () => {
  builtSeal = await load();
});

test("what is the same for all envelopes is made with the first one: whoever opens a database need not wait for it", async () => {
  let made = 0;
  vi.stubGlobal(
    "Int32Array",
    new Proxy(Int32Array, {
      construct(target, values, newTarget) {
        made++;
        return Reflect.construct(target, values, newTarget) as Int32Array;
      },
    }),
  );
  try {
    const fresh = await load();
    const atStart = made;
    fresh("x".repeat(1000));
    // fflate's lengths, distances, levels and checksums, and the table that is kept.
    expect(made - atStart).toBe(5);
    fresh("y".repeat(1000));
    expect(made - atStart).toBe(5);
  } finally {
    vi.unstubAllGlobals();
  }
});

test("envelopes made with kept tables are the same to the byte, whatever was made before", () => {
  for (const { content } of makeMessages("kept", 0, 1000)) {
    const json = JSON.stringify(content);
    expect(builtSeal(json)).toBe(seal(json));
  }
});

test("they are so for texts of all lengths, and for such as do not compress", () => {
  // Of both sizes of fflate's tables, longer than its window and than its blocks.
  const text = fc.oneof(
    fc.string({ minLength: 512, maxLength: 3000 }),
    fc.tuple(fc.string({ minLength: 512, maxLength: 5000 }), fc.nat(30)).map(([part, times]) => part.repeat(times + 1)),
    fc.uint8Array({ minLength: 500, maxLength: 40_000 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  );
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (list) => {
      const sealed = list.map((json) => builtSeal(json));
      expect(sealed).toEqual(list.map((json) => seal(json)));
      expect(sealed.map(unseal)).toEqual(list);
    }),
    { numRuns: 100, seed: 7 },
  );
});
