import { array, assert, constantFrom, oneof, property, string, tuple } from "fast-check";
import { expect, test } from "vitest";
import { previewOfStored } from "../../worker/operations/summaries.js";
import { parseJson } from "../../worker/envelopes/stored-json.js";

/** Python's three numbers that JSON lacks. */
const NUMBERS = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, "-Infinity": Number.NEGATIVE_INFINITY };
type Name = keyof typeof NUMBERS;

const text = oneof(string(), string({ unit: constantFrom("\\", '"', "NaN", "Infinity", "-", "[", ",", "\n") }));

test("numbers that JSON lacks are read where they are numbers, and stay text where they are text", () => {
  const numbers = constantFrom<Name>("NaN", "Infinity", "-Infinity");
  assert(
    property(array(tuple(text, numbers)), (items) => {
      const json = `[${items.map(([said, number]) => `${JSON.stringify(said)}, ${number}`).join(",")}]`;
      expect(parseJson(json)).toStrictEqual(items.flatMap(([said, number]) => [said, NUMBERS[number]]));
    }),
  );
});

test("a text beside such a number may be long, and full of escapes", () => {
  const texts = ["x".repeat(20_000_000), '\\"\n'.repeat(2_000_000)];
  const [long, escaped, number] = parseJson(`[${texts.map((said) => JSON.stringify(said)).join()},NaN]`) as unknown[];
  expect([long === texts[0], escaped === texts[1], number]).toEqual([true, true, Number.NaN]);
});

test("the preview of a message with such a number is its text", () => {
  const call = '{"type":"tool_use","id":"i","name":"n","input":{"x":NaN}}';
  expect(previewOfStored(`plain:[${call},{"type":"text","text":"hello"}]`)).toBe("hello");
});

test.each(['["NaN', '[NaN,"\\', '[NaN, "\\"', "[NaN", '{"a":NaN,}', "nan", '["a"NaN]'])(
  "%s is no JSON, also with them",
  (json) => {
    expect(() => parseJson(json)).toThrow(SyntaxError);
  },
);
