import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.js";

/** Chromium keeps a page whose worker held a lock; Firefox does not. */
const withCache = { ignoreDefaultArgs: ["--disable-back-forward-cache"] };

test("goes on after the page went into the back/forward cache and came back", async ({
  profile,
  browserName,
  site,
}) => {
  const page = await site.openTab(await profile.launch(withCache));
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("before"));
  await page.goto(new URL("elsewhere.html", page.url()).href);
  await page.goBack({ waitUntil: "commit" });
  await page.waitForFunction(() => globalThis.harness !== undefined);
  expect(await page.evaluate(() => harness.persisted)).toBe(browserName === "chromium");
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("after"));
  expect(await page.evaluate(() => harness.texts())).toEqual(["before", "after"]);
});

test("lets another tab write while the page is in the back/forward cache", async ({ profile, browserName, site }) => {
  const context = await profile.launch(withCache);
  const page = await site.openTab(context);
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("before"));
  await page.goto(new URL("elsewhere.html", page.url()).href);
  const other = await site.openTab(context);
  await other.evaluate(() => harness.open());
  await other.evaluate(() => harness.append("meanwhile"));
  await page.goBack({ waitUntil: "commit" });
  await page.waitForFunction(() => globalThis.harness !== undefined);
  expect(await page.evaluate(() => harness.persisted)).toBe(browserName === "chromium");
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("after"));
  expect(await other.evaluate(() => harness.texts())).toEqual(["before", "meanwhile", "after"]);
});

/** Playwright cannot run code in a worker of Firefox: there the page ends it, which is as silent. */
async function endWorker(page: Page, browserName: string): Promise<void> {
  if (browserName === "chromium") await page.workers()[0]!.evaluate(() => self.close());
  else await page.evaluate(() => harness.workers.at(-1)!.terminate());
}

test("replaces a worker that has ended itself", async ({ context, browserName, site }) => {
  const page = await site.openTab(context);
  await page.evaluate(() => harness.openWithWorkers());
  await page.evaluate(() => harness.append("before"));
  await endWorker(page, browserName);
  await page.evaluate(() => harness.append("after"));
  expect(await page.evaluate(() => harness.texts())).toEqual(["before", "after"]);
  expect(await page.evaluate(() => harness.workers.length)).toBe(2);
});

test("carries out what was in flight when a worker ended itself, once and in order", async ({
  context,
  browserName,
  site,
}) => {
  const page = await site.openTab(context);
  await page.evaluate(() => harness.openWithWorkers());
  await page.evaluate(() => harness.startPump());
  for (let life = 1; life <= 3; life++) {
    const before = await page.evaluate(() => harness.pumped);
    await page.waitForFunction((count) => harness.pumped >= count + 50, before);
    await endWorker(page, browserName);
    await page.waitForFunction((count) => harness.workers.length > count, life);
  }
  const appended = await page.evaluate(() => harness.stopPump());
  expect(await page.evaluate(() => harness.texts())).toEqual(appended);
});
