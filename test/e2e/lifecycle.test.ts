import { goBack, goBackToKept, leave } from "./back-forward.js";
import { expect, test } from "./fixtures.js";

// Firefox does not keep a page whose worker held a lock: there the page is loaded again.

test("goes on after the page went into the back/forward cache and came back", async ({
  context,
  browserName,
  site,
}) => {
  const page = await site.openDatabase(context);
  await page.evaluate(() => harness.append("before"));
  await leave(page);
  if (browserName === "firefox") expect(await goBack(page)).toBe(false);
  else await goBackToKept(page);
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("after"));
  expect(await page.evaluate(() => harness.texts())).toEqual(["before", "after"]);
});

test("lets another tab write while the page is in the back/forward cache", async ({ context, browserName, site }) => {
  const page = await site.openDatabase(context);
  await page.evaluate(() => harness.append("before"));
  const other = await site.openTab(context);
  await leave(page);
  await other.evaluate(() => harness.open());
  await other.evaluate(() => harness.append("meanwhile"));
  if (browserName === "firefox") expect(await goBack(page)).toBe(false);
  else await goBackToKept(page);
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("after"));
  expect(await other.evaluate(() => harness.texts())).toEqual(["before", "meanwhile", "after"]);
});

test("carries out what was in flight when the page went into the back/forward cache, once and in order", async ({
  context,
  browserName,
  site,
}) => {
  test.skip(browserName === "firefox", "Firefox does not keep the page, nor what was in flight in it.");
  const page = await site.openDatabase(context);
  await page.evaluate(() => harness.startPump());
  await page.waitForFunction(() => harness.pumped >= 50);
  await leave(page);
  await goBackToKept(page);
  const appended = await page.evaluate(() => harness.stopPump());
  expect(await page.evaluate(() => harness.texts())).toEqual(appended);
});

test("replaces a worker that has ended itself", async ({ context, site }) => {
  const page = await site.openTab(context);
  await page.evaluate(() => harness.openFaulty());
  await page.evaluate(() => harness.append("before"));
  await page.evaluate(() => harness.faulty.end());
  await page.evaluate(() => harness.append("after"));
  await expect.poll(() => page.evaluate(() => harness.faulty.count)).toBe(2);
  expect(await page.evaluate(() => harness.texts())).toEqual(["before", "after"]);
});

test("a connection whose worker has just died is closed as soon as that is known", async ({ context, site }) => {
  const page = await site.openTab(context);
  await page.evaluate(() => harness.openFaulty());
  // The page waits for the lock that the worker holds as long as it lives.
  await page.waitForFunction(async () => {
    const { pending = [] } = await navigator.locks.query();
    return pending.some(({ name }) => name?.includes(":alive:"));
  });
  await page.evaluate(async () => {
    const { setTimeout: original } = globalThis;
    // What waits for a worker that hangs waits for ever.
    const stopped = (work: () => void, ms = 0) => (ms < 2000 ? original(work, ms) : 0);
    globalThis.setTimeout = stopped as typeof setTimeout;
    harness.faulty.terminate();
    await harness.close();
  });
  expect(await page.evaluate(() => harness.faulty.count)).toBe(1);
});

test("carries out what was in flight when a worker ended itself, once and in order", async ({ context, site }) => {
  const page = await site.openTab(context);
  await page.evaluate(() => harness.openFaulty());
  await page.evaluate(() => harness.startPump());
  for (let life = 1; life <= 3; life++) {
    const before = await page.evaluate(() => harness.pumped);
    await page.waitForFunction((count) => harness.pumped >= count + 50, before);
    await page.evaluate(() => harness.faulty.end());
    await page.waitForFunction((count) => harness.faulty.count > count, life);
  }
  const appended = await page.evaluate(() => harness.stopPump());
  expect(await page.evaluate(() => harness.texts())).toEqual(appended);
});

test("rejects connect() when its signal fires right after the call", async ({ context, site }) => {
  const page = await site.openTab(context);
  const ending = await page.evaluate(() => {
    const controller = new AbortController();
    const opening = harness.open({ signal: controller.signal });
    controller.abort();
    return harness.rejection(opening);
  });
  expect(ending).toMatchObject({ code: "aborted" });
});

test("replaces workers that end before they have begun", async ({ page, site }) => {
  await page.goto(site.url("page"));
  await page.evaluate(() => harness.openFaulty());
  await page.evaluate(async () => {
    const appended = harness.append("kept");
    for (let life = 1; life < 4; life++) {
      harness.faulty.terminate();
      while (harness.faulty.count <= life) await new Promise((resolve) => setTimeout(resolve));
    }
    await appended;
  });
  expect(await page.evaluate(() => harness.texts())).toEqual(["kept"]);
});
