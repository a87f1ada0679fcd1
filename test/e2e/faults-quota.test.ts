import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.js";

test.skip(({ browserName }) => browserName === "firefox", "Firefox's quota cannot be changed from outside.");

/** Sets how much room the site has: so many bytes more than it uses, or as many as ever. */
type LeaveRoom = (bytes: number | "plenty") => Promise<void>;

async function quotaOf(page: Page): Promise<LeaveRoom> {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  // The quota is overridden as long as the session lasts.
  return async (bytes) => {
    const { usage } = await session.send("Storage.getUsageAndQuota", { origin });
    const override = bytes === "plenty" ? { origin } : { origin, quotaSize: usage + bytes };
    await session.send("Storage.overrideQuotaForOrigin", override);
  };
}

test("on a full disk writes reject quota and reads go on; with room again, writes do too; nothing acknowledged is lost", async ({
  context,
  site,
}) => {
  const owner = await site.openDatabase(context);
  const follower = await site.openDatabase(context);
  const pages = [owner, follower];
  const leaveRoom = await quotaOf(owner);
  for (const [place, page] of pages.entries())
    await page.evaluate((prefix) => harness.load.start(prefix, 20_000), `${place}-`);
  for (const room of [0, 700_000]) {
    const settled = await owner.evaluate(() => harness.load.writes.length);
    await owner.evaluate((count) => harness.load.until("settled", count + 10), settled);
    await leaveRoom(room);
    const rejected = await owner.evaluate(() => harness.load.writes.filter(({ code }) => code !== "none").length);
    await owner.evaluate((count) => harness.load.until("rejected", count + 5), rejected);
    for (const page of pages) expect((await page.evaluate(() => harness.texts())).length).toBeGreaterThan(0);
    await leaveRoom("plenty");
    await expect
      .poll(() => owner.evaluate(() => harness.rejection(harness.storeOf("other").setContextTokens(1, 1))))
      .toMatchObject({ code: "none" });
  }
  const loads = await Promise.all(pages.map((page) => page.evaluate(() => harness.load.stop())));
  const texts = await follower.evaluate(() => harness.texts());
  expect(texts).toEqual([...new Set(texts)]);
  const there = new Set(texts.map((text) => text.split(" ")[0]));
  for (const { text, code, outcome } of loads.flat()) {
    if (code === "none") expect(there).toContain(text);
    else expect({ code, outcome }).toEqual({ code: "quota", outcome: "not-applied" });
    if (outcome === "not-applied") expect(there).not.toContain(text);
  }
  expect(await owner.evaluate(() => harness.connection!.checkIntegrity())).toMatchObject({ ok: true });
  await owner.close();
  expect(await follower.evaluate(() => harness.texts())).toEqual(texts);
});

test("a first connect() without any room rejects quota, and works once there is some", async ({ context, site }) => {
  const page = await site.openTab(context);
  const leaveRoom = await quotaOf(page);
  await leaveRoom(0);
  expect(await page.evaluate(() => harness.rejection(harness.open()))).toMatchObject({ code: "quota" });
  await leaveRoom(30_000);
  await page.evaluate(() => harness.rejection(harness.open()));
  await leaveRoom("plenty");
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("hello"));
  await page.evaluate(() => harness.close());
  await page.evaluate(() => harness.open());
  expect(await page.evaluate(() => harness.texts())).toEqual(["hello"]);
});

test("an existing database opens and reads on a full disk", async ({ context, site }) => {
  const page = await site.openTab(context);
  const leaveRoom = await quotaOf(page);
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("before"));
  await page.reload();
  await leaveRoom(0);
  await page.evaluate(() => harness.open());
  expect(await page.evaluate(() => harness.texts())).toEqual(["before"]);
  await page.evaluate(() => harness.close());
  await leaveRoom("plenty");
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("after"));
  expect(await page.evaluate(() => harness.texts())).toEqual(["before", "after"]);
});

test("of an import that a full disk has ended nothing is left once there is room, for whoever looks", async ({
  context,
  site,
}) => {
  const owner = await site.openDatabase(context);
  const leaveRoom = await quotaOf(owner);
  for (const room of process.env["FULL"] ? [0, 300_000, 2_000_000] : [0, 2_000_000]) {
    await owner.evaluate(() => harness.importing.begin(300));
    await leaveRoom(room);
    expect(await owner.evaluate(() => harness.importing.ended())).toBe("quota");
    // What there is no room to take back does not keep anyone from reading.
    await owner.evaluate(() => harness.importing.counts());
    await leaveRoom("plenty");
    await expect.poll(() => owner.evaluate(() => harness.importing.counts())).toEqual([]);
  }
  expect(await owner.evaluate(() => harness.connection!.checkIntegrity())).toEqual({ ok: true, problems: [] });
});
