import * as fc from "fast-check";
import { build } from "rolldown";
import { beforeAll, expect, test } from "vitest";
import { seal, unseal } from "../../worker/envelope.js";
import { makeMessages } from "../bench/data/messages.js";
import { keptTables } from "../tools/build/kept-tables.js";

/** Makes envelopes as the built worker does. */
let builtSeal: typeof seal;

beforeAll(async () => {
  const plugins = [keptTables()];
  const { output } = await build({ input: "worker/envelope.ts", platform: "browser", plugins, write: false });
  const url = `data:text/javascript,${encodeURIComponent(output[0].code)}`;
  builtSeal = ((await import(/* @vite-ignore */ url)) as { seal: typeof seal }).seal;
});

test("envelopes made with kept tables are the same to the byte, whatever was made before", () => {
  for (const { content } of makeMessages("kept", 0, 3000)) {
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
    { numRuns: 300, seed: 7 },
  );
});
