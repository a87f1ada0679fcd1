import type { BrowserContext, Page } from "@playwright/test";
import { expect, type Site, test } from "./fixtures.js";

/** With FULL=1, 300 in all. */
const HAND_OVERS = process.env["FULL"] ? 150 : 3;

if (process.env["FULL"]) test.setTimeout(600_000);

/** Two tabs; the first owns the database. */
async function openTwo(context: BrowserContext, site: Site): Promise<[owner: Page, next: Page]> {
  const owner = await site.openTab(context);
  await owner.evaluate(() => harness.openFaulty());
  const next = await site.openTab(context);
  await next.evaluate(() => harness.openFaulty());
  return [owner, next];
}

/** Waits until the page's new worker has followed the other tab's, and is the next in the queue. */
async function waitUntilNext(page: Page, lives: number): Promise<void> {
  await page.waitForFunction((count) => harness.faulty.count >= count, lives);
  await page.evaluate(() => harness.role());
  await page.waitForFunction(async () => {
    const { pending = [] } = await navigator.locks.query();
    return pending.some(({ name }) => name === "axio-context-opfs:chat.db");
  });
}

test(`keeps everything over ${HAND_OVERS} hand-overs in which the next owner's first installs fail part of the way`, async ({
  context,
  site,
}) => {
  let [owner, next] = await openTwo(context, site);
  const expected: string[] = [];
  for (let turn = 0; turn < HAND_OVERS; turn++) {
    const text = String(turn);
    await owner.evaluate((word) => harness.append(word), text);
    expected.push(text);
    // An install opens eight files at once: of one or more installs some handles are refused, of the last a part.
    const handles = turn + 1;
    await next.evaluate((count) => harness.faulty.ask({ type: "refuse", handles: count }), handles);
    await owner.evaluate(() => harness.faulty.terminate());
    expect(await next.evaluate(() => harness.texts())).toEqual(expected);
    const { refused } = await next.evaluate(() => harness.faulty.ask({ type: "report" }));
    expect(refused).toBeGreaterThanOrEqual(handles);
    await waitUntilNext(owner, Math.floor(turn / 2) + 2);
    [owner, next] = [next, owner];
  }
});

test(`keeps everything over ${HAND_OVERS} hand-overs in which the last owner still holds the files of the pool`, async ({
  context,
  site,
}) => {
  let [owner, next] = await openTwo(context, site);
  const expected: string[] = [];
  for (let turn = 0; turn < HAND_OVERS; turn++) {
    const text = String(turn);
    await owner.evaluate((word) => harness.append(word), text);
    expected.push(text);
    const refusal = next.evaluate(() => harness.faulty.ask({ type: "await-refusal" }));
    // The lock alone is taken from the owner, which goes on holding the files.
    await owner.evaluate(() => navigator.locks.request("axio-context-opfs:chat.db", { steal: true }, () => {}));
    await refusal;
    await owner.evaluate(() => harness.faulty.terminate());
    expect(await next.evaluate(() => harness.texts())).toEqual(expected);
    expect(await next.evaluate(() => harness.role())).toBe("owner");
    await waitUntilNext(owner, Math.floor(turn / 2) + 2);
    [owner, next] = [next, owner];
  }
});

test("rejects busy, and leaves the database whole, where the files are never let go of", async ({ context, site }) => {
  const owner = await site.openTab(context);
  await owner.evaluate(() => harness.openFaulty());
  await owner.evaluate(() => harness.append("before"));
  await owner.evaluate(() => navigator.locks.request("axio-context-opfs:chat.db", { steal: true }, () => {}));
  const other = await site.openTab(context);
  // It must not say that it is there, or the other tab would be content with that.
  const hold = site.hold();
  await owner.evaluate((url) => harness.faulty.ask({ type: "hang", url }), hold.url);
  const { code, message } = await other.evaluate(() => harness.rejection(harness.open({ busyTimeout: 500 })));
  expect(code).toBe("busy");
  expect(message).toContain("holds the database's files");
  await hold.release();
  await owner.evaluate(() => harness.append("after"));
  await owner.close();
  await other.evaluate(() => harness.open());
  expect(await other.evaluate(() => harness.texts())).toEqual(["before", "after"]);
});
