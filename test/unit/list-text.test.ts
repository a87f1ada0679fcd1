import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BETWEEN, partsOf, readList } from "../../src/operations.js";

test("the parts of a list have all of its items, in order, whatever stands in them", () => {
  const piece = fc.constantFrom(BETWEEN, "\n", ",", '"', "]", "[", "\\", "word ", "é", "x".repeat(20_000));
  const item = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
  let mostParts = 0;
  fc.assert(
    fc.property(fc.array(fc.array(item, { maxLength: 3 }), { maxLength: 30, size: "max" }), (items) => {
      const parts = [...partsOf<string[]>(`[${items.map((each) => JSON.stringify(each)).join(BETWEEN)}]`)];
      expect(parts.flatMap((part) => readList(part))).toEqual(items);
      mostParts = Math.max(mostParts, parts.length);
    }),
  );
  expect(mostParts).toBeGreaterThan(2);
});
