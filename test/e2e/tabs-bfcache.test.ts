import { goBack, goBackToKept, leave } from "./back-forward.js";
import { expect, test } from "./fixtures.js";

test.describe("the back/forward cache", () => {
  test.skip(({ browserName }) => browserName === "firefox", "Firefox does not keep a page whose worker holds a lock.");

  test("a tab that was waiting takes over from an owner that goes into the back/forward cache", async ({
    context,
    site,
  }) => {
    const owner = await site.openDatabase(context);
    await owner.evaluate(() => harness.append("before"));
    const waiting = await site.openDatabase(context);
    await leave(owner);
    await waiting.evaluate(() => harness.append("meanwhile"));
    expect(await waiting.evaluate(() => harness.role())).toBe("owner");
    await goBackToKept(owner);
    await owner.evaluate(() => harness.append("after"));
    expect(await owner.evaluate(() => harness.role())).toBe("follower");
    for (const page of [owner, waiting])
      expect(await page.evaluate(() => harness.texts())).toEqual(["before", "meanwhile", "after"]);
  });

  test("what an owner had in flight when it went into the back/forward cache is there once, after a waiting tab took over", async ({
    context,
    site,
  }) => {
    const owner = await site.openDatabase(context);
    const waiting = await site.openDatabase(context);
    await owner.evaluate(() => harness.startPump());
    for (let visit = 1; visit <= 3; visit++) {
      const before = await owner.evaluate(() => harness.pumped);
      await owner.waitForFunction((count) => harness.pumped >= count + 30, before);
      await leave(owner);
      await waiting.evaluate(() => harness.texts());
      await goBackToKept(owner);
    }
    const appended = await owner.evaluate(() => harness.stopPump());
    expect(await waiting.evaluate(() => harness.texts())).toEqual(appended);
  });

  test("what a follower had in flight when it went into the back/forward cache is there once", async ({
    context,
    site,
  }) => {
    const owner = await site.openDatabase(context);
    const follower = await site.openDatabase(context);
    await follower.evaluate(() => harness.startPump());
    await follower.waitForFunction(() => harness.pumped >= 50);
    await leave(follower);
    await owner.evaluate(() => harness.append("not of the pump"));
    await goBackToKept(follower);
    const appended = await follower.evaluate(() => harness.stopPump());
    const texts = await owner.evaluate(() => harness.texts());
    expect(texts.filter((text) => text !== "not of the pump")).toEqual(appended);
  });

  test("collecting the garbage of calls, of a worker that died and of a closed connection leaves a page in the back/forward cache", async ({
    context,
    site,
  }) => {
    const page = await site.openTab(context);
    const session = await context.newCDPSession(page);
    for (const end of ["terminate", "close", "leave"] as const) {
      await page.evaluate(() => harness.openFaulty());
      await page.evaluate(() => harness.append("one", "two", "three"));
      if (end === "terminate") await page.evaluate(() => harness.faulty.terminate());
      if (end === "close") await page.evaluate(() => harness.close());
      else await page.evaluate(() => harness.texts());
      await leave(page);
      // A callback that runs in the page then, as a FinalizationRegistry's does, costs it its place.
      await session.send("HeapProfiler.collectGarbage");
      await session.send("HeapProfiler.collectGarbage");
      await goBackToKept(page);
    }
    await page.evaluate(() => harness.openFaulty());
    expect(await page.evaluate(() => harness.texts())).toHaveLength(9);
  });

  test("a page that goes into the back/forward cache while it opens the database does not keep it from other tabs", async ({
    context,
    site,
  }) => {
    const page = await site.openTab(context);
    await page.evaluate(() => {
      void harness.open();
    });
    await expect.poll(() => page.workers().length).toBe(1);
    // The lock is what other tabs would wait for in vain.
    await page.waitForFunction(async () => {
      const { held = [] } = await navigator.locks.query();
      return held.some(({ name }) => name === "axio-context-opfs:chat.db");
    });
    await leave(page);
    const other = await site.openTab(context);
    expect(await other.evaluate(() => harness.rejection(harness.open()))).toMatchObject({ code: "none" });
    await other.evaluate(() => harness.append("meanwhile"));
    await goBack(page);
    await page.evaluate(() => harness.open());
    expect(await page.evaluate(() => harness.texts())).toEqual(["meanwhile"]);
  });
});

test("going back and forth while the worker starts does not end the connection later", async ({ context, site }) => {
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(site.url("page"));
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("before"));
  await page.evaluate(() => {
    for (const event of ["freeze", "resume", "freeze", "resume"]) document.dispatchEvent(new Event(event));
  });
  await page.evaluate(() => harness.append("after"));
  // The time within which a worker must have started, and more.
  await page.clock.fastForward(60_000);
  expect(await page.evaluate(() => harness.rejection(harness.append("later")))).toMatchObject({ code: "none" });
  expect(await page.evaluate(() => harness.texts())).toEqual(["before", "after", "later"]);
});
