import { describe, expect, test } from "vitest";
import { user, words } from "../fixtures/messages.js";
import type { Backend } from "./backend.js";

const TEXTS: Readonly<Record<string, string>> = {
  "an empty text": "",
  "a NUL character": "a\u0000b\u0000",
  "control characters": Array.from({ length: 33 }, (_, code) => String.fromCharCode(code)).join("") + "\u007f\u0080",
  "line ends of all kinds": "\n\r\n\r\u0085\u2028\u2029",
  "right-to-left text": "שלום עולם — مرحبا",
  "emoji joined from several": "👩‍👩‍👧‍👦🏳️‍🌈🇺🇦",
  "combining marks, not normalised": "e\u0301 é Å A\u030a",
  "a byte order mark": "\ufeffafter",
  "noncharacters and the last code point": "\ufffe\uffff\u{10ffff}",
  "a lone high surrogate": "a\ud83d",
  "a lone low surrogate": "\ude00b",
  "surrogates in the wrong order": "\ude00\ud83d",
  "what looks like an envelope": "gzip:AAAA plain:[]",
  "what looks like an escape": String.raw`\u0041 \n \\ \" </script>`,
  "numbers that JSON lacks, as words": "NaN, Infinity, -Infinity",
  "names that objects have": "__proto__ constructor toString",
};

export function textContract({ open }: Backend): void {
  describe("texts", () => {
    test.each(Object.entries(TEXTS))("keeps %s", async (_, text) => {
      const store = await open();
      await store.append(user(text));
      await store.append({
        role: "assistant",
        content: [{ type: "tool_use", id: text, name: text, input: { [text]: [text] } }],
      });
      await store.append({
        role: "user",
        content: [{ type: "tool_result", tool_use_id: text, content: text, is_error: false }],
      });
      const [first, second, third] = await store.getHistory();
      expect(first).toStrictEqual(user(text));
      expect(second?.content).toStrictEqual([{ type: "tool_use", id: text, name: text, input: { [text]: [text] } }]);
      expect(third?.content[0]).toMatchObject({ tool_use_id: text, content: text });
    });

    test("keeps texts of 0 to 1 MB, on both sides of every threshold", async () => {
      const store = await open();
      const texts = [0, 1, 100, 440, 470, 477, 478, 479, 480, 510, 511, 512, 513, 4096, 65_536, 1_000_000].flatMap(
        (length) => [repeated("lorem ipsum ", length), repeated("漢字😀é", length), scrambled(length)],
      );
      await store.appendAll(texts.map(user));
      const read = words(await store.getHistory());
      expect(read.length).toBe(texts.length);
      // Not the texts themselves: of texts that long, a difference takes minutes to print.
      expect(texts.flatMap((text, place) => (read[place] === text ? [] : [text.length]))).toEqual([]);
    });

    test("keeps a tool input with the key __proto__", async () => {
      const input = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as { readonly a: number };
      const store = await open();
      await store.append({ role: "assistant", content: [{ type: "tool_use", id: "1", name: "n", input }] });
      const [message] = await store.getHistory();
      expect(JSON.stringify(message?.content)).toContain('"__proto__":{"polluted":true}');
      expect("polluted" in {}).toBe(false);
    });
  });
}

function repeated(text: string, length: number): string {
  return text.repeat(length / text.length + 1).slice(0, length);
}

/** Text that does not compress, of all of Unicode but surrogates; the same at every run. */
function scrambled(length: number): string {
  let state = length + 1;
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const point = (state >>> 8) % 0x11_0000;
    if (point < 0xd800 || point > 0xdfff) text += String.fromCodePoint(point);
  }
  return text;
}
