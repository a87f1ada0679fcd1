import { expect, test } from "@playwright/test";
import { chromium, firefox } from "../browsers.js";
import { checkSessions } from "../torture/check.js";
import { crowd } from "../torture/crowd.js";
import { Journal } from "../torture/journal.js";
import type { Operation } from "../torture/operations.js";
import { torture } from "../torture/torture.js";

const SEED = 20_26;

test.setTimeout(180_000);

function browserOf(name: string) {
  return name === "firefox" ? firefox : chromium;
}

test("keeps every acknowledged write, once, whatever dies", async ({ browserName }) => {
  const kills = browserName === "firefox" ? 4 : 10;
  const { violations, deaths, journal } = await torture({
    browser: browserOf(browserName),
    kills,
    tabs: 4,
    seed: SEED,
  });
  expect(violations).toEqual([]);
  expect(deaths).toHaveLength(kills);
  expect(journal.acknowledged).toBeGreaterThan(0);
});

test("loses nothing, and doubles nothing, of what eight tabs append at once", async ({ browserName }) => {
  const { violations, appended } = await crowd({ browser: browserOf(browserName), tabs: 8, each: 60 });
  expect(violations).toEqual([]);
  expect(appended).toBe(8 * 60);
});

test.describe("the torture's own check", () => {
  /** One page appends, clears, and appends three more; the last is never answered. */
  function appendedAndCleared(): Journal {
    const journal = new Journal();
    const life = journal.begin();
    const kinds = ["append", "clear", "append", "append", "append"] as const;
    for (const [number, kind] of kinds.entries()) {
      const operation: Operation = { id: `${life}-${number}`, session: "s", kind };
      journal.add({ life, issued: [operation] });
      if (number < 4) journal.add({ life, answers: [{ id: operation.id, outcome: "done", owner: 0 }] });
    }
    return journal;
  }

  function kindsFor(keys: readonly string[]): string[] {
    const journal = appendedAndCleared();
    const rows = keys.map((key, position) => ({ key, id: position + 1, position, isPartial: false, isIntact: true }));
    const now = performance.now();
    const state = { session: "s", rows, tokens: { inputTokens: 0, outputTokens: 0 } };
    return checkSessions(journal, [state], { start: now, end: now }).map(({ kind }) => kind);
  }

  for (const [keys, kinds, what] of [
    [["0-2", "0-3"], [], "accepts that a call which was never answered was not carried out"],
    [["0-2", "0-3", "0-4"], [], "accepts that a call which was never answered was carried out"],
    [["0-3"], ["lost"], "misses a message that was acknowledged"],
    [["0-2", "0-3", "0-3"], ["doubled", "disordered"], "finds a message that is there twice"],
    [["0-0", "0-2", "0-3"], ["resurrected"], "finds a message that was cleared and is back"],
    [["0-3", "0-2"], ["disordered"], "finds messages in another order than that of the calls"],
    [["0-2", "0-3", "1-0"], ["unexplained"], "finds a message that nobody wrote"],
  ] as const) {
    test(what, () => {
      expect(kindsFor(keys)).toEqual(kinds);
    });
  }
});
