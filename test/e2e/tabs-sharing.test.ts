import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.js";

/** The names of the locks of the package that are held or waited for. */
function locks(page: Page): Promise<(string | undefined)[]> {
  return page.evaluate(async () => {
    const { held = [], pending = [] } = await navigator.locks.query();
    return [...held, ...pending].map(({ name }) => name).filter((name) => name?.startsWith("axio-context-opfs"));
  });
}

test("one worker serves a component that is mounted, unmounted and mounted again at once", async ({
  context,
  site,
}) => {
  const page = await site.openTab(context);
  await page.evaluate(async () => {
    // What an effect under React's StrictMode does: the first mount's connection is closed when it is there.
    const first = harness.connect();
    const left = first.then((connection) => connection.close());
    harness.connection = await harness.connect();
    await left;
  });
  await page.evaluate(() => harness.append("hello"));
  expect(await page.evaluate(() => harness.texts())).toEqual(["hello"]);
  expect(page.workers()).toHaveLength(1);
  await page.evaluate(() => harness.close());
  await expect.poll(() => locks(page)).toEqual([]);
});

test("a connection that is closed and opened again at once works, as often as one likes", async ({ context, site }) => {
  const page = await site.openTab(context);
  const texts = await page.evaluate(async () => {
    for (let turn = 0; turn < 5; turn++) {
      await harness.open();
      await harness.append(String(turn));
      const closing = harness.connection!.close();
      harness.connection = await harness.connect();
      await closing;
    }
    return harness.texts();
  });
  expect(texts).toEqual(["0", "1", "2", "3", "4"]);
  await expect.poll(() => page.workers()).toHaveLength(1);
  expect(await page.evaluate(() => harness.role())).toBe("owner");
});

test("one worker serves a module that was evaluated twice, as after a hot reload", async ({ context, site }) => {
  const page = await site.openDatabase(context);
  const first = await page.evaluateHandle(() => harness);
  await page.evaluate(async () => {
    const script = document.querySelector<HTMLScriptElement>("script[type=module]")!.src;
    await import(`${script}?again`);
  });
  expect(await first.evaluate((earlier) => earlier === harness)).toBe(false);
  await page.evaluate(() => harness.open());
  await first.evaluate((earlier) => earlier.append("from the first"));
  await page.evaluate(() => harness.append("from the second"));
  expect(await first.evaluate((earlier) => earlier.texts())).toEqual(["from the first", "from the second"]);
  expect(page.workers()).toHaveLength(1);
  expect(await first.evaluate((earlier) => harness.rejection(earlier.close()))).toMatchObject({ code: "none" });
  expect(await page.evaluate(() => harness.texts())).toHaveLength(2);
  await page.evaluate(() => harness.close());
  await expect.poll(() => page.workers()).toHaveLength(0);
  await expect.poll(() => locks(page)).toEqual([]);
});

test("leaves no lock, held or waited for, after the last close, as owner and as follower", async ({
  context,
  site,
}) => {
  const owner = await site.openDatabase(context);
  const follower = await site.openDatabase(context);
  const third = await site.openTab(context);
  // The owner's lock, the follower's wait for it and its place as the next, and for each of them the worker's sign of life
  // and the page's wait for it.
  expect(await locks(third)).toHaveLength(7);
  await follower.evaluate(() => harness.close());
  await expect.poll(() => locks(third)).toHaveLength(3);
  await owner.evaluate(() => harness.close());
  await expect.poll(() => locks(third)).toEqual([]);
  await third.evaluate(() => harness.open({ busyTimeout: 0 }));
  expect(await third.evaluate(() => harness.role())).toBe("owner");
});

test("another tab opens the database at once when close() has resolved", async ({ context, site }) => {
  const [one, other] = [await site.openTab(context), await site.openTab(context)];
  for (let turn = 0; turn < 3; turn++) {
    for (const page of [one, other]) {
      // No patience: what is still held would be refused as busy.
      await page.evaluate(() => harness.open({ busyTimeout: 0 }));
      await page.evaluate((text) => harness.append(text), String(turn));
      await page.evaluate(() => harness.close());
    }
  }
  await one.evaluate(() => harness.open());
  expect(await one.evaluate(() => harness.texts())).toHaveLength(6);
});

test("calls of a follower that are pending when it closes reject with code closed, and are there at most once", async ({
  context,
  site,
}) => {
  const owner = await site.openDatabase(context);
  const follower = await site.openDatabase(context);
  const ends = await follower.evaluate(async () => {
    const calls = Array.from({ length: 300 }, (_, place) => harness.rejection(harness.append(String(place))));
    await harness.close();
    return Promise.all(calls);
  });
  expect(ends.filter(({ code }) => code === "closed").length).toBeGreaterThan(0);
  expect(ends.filter(({ code }) => code !== "closed" && code !== "none")).toEqual([]);
  const texts = await owner.evaluate(() => harness.texts());
  expect(texts).toEqual([...new Set(texts)]);
  for (const [place, { code, outcome }] of ends.entries()) {
    if (code === "none") expect(texts).toContain(String(place));
    if (outcome === "not-applied") expect(texts).not.toContain(String(place));
  }
});
