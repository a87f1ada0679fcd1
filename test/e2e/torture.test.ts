import { expect, test } from "@playwright/test";
import { chromium, firefox } from "../browsers.js";
import { crowd } from "../torture/crowd.js";
import { torture } from "../torture/torture.js";

const SEED = 20_26;

test.setTimeout(180_000);

function browserOf(name: string) {
  return name === "firefox" ? firefox : chromium;
}

test("keeps every acknowledged write, once, whatever dies", async ({ browserName }) => {
  const kills = browserName === "firefox" ? 2 : 3;
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
  test.skip(browserName === "firefox" && !process.env["FULL"], "Takes long, and is the same in Firefox.");
  const { violations, appended } = await crowd({ browser: browserOf(browserName), tabs: 8, each: 20 });
  expect(violations).toEqual([]);
  expect(appended).toBe(8 * 20);
});
