import { describe, expect, test } from "vitest";
import { examples } from "virtual:readme";
import { runExample } from "../readme/run-example.js";

describe("README.md", () => {
  test.each(examples)("says what its example does: $name", async (example) => {
    expect(await runExample(example), "logged, but not shown").toEqual([]);
  });
});
