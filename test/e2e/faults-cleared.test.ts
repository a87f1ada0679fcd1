import type { BrowserContext, Page } from "@playwright/test";
import { goBackToKept, leave } from "./back-forward.js";
import { expect, type Site, test } from "./fixtures.js";

/** Deletes what the site has stored. Resolves to when it was done, by the clock. */
type Clear = (page: Page, site: Site) => Promise<number>;

const byHeader: Clear = async (page, site) => {
  await page.evaluate(async (url) => void (await fetch(url)), site.url("page", "clearing"));
  return Date.now();
};

const byProtocol: Clear = async (page) => {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
  await session.detach();
  return Date.now();
};

interface Tabs {
  readonly owner: Page;
  readonly waiting: Page;
  /** Has nothing open. */
  readonly outside: Page;
}

async function openTabs(context: BrowserContext, site: Site): Promise<Tabs> {
  const owner = await site.openDatabase(context);
  await owner.evaluate(() => harness.append("before"));
  const waiting = await site.openDatabase(context);
  await waiting.evaluate(() => harness.append("before too"));
  return { owner, waiting, outside: await site.openTab(context) };
}

for (const [how, clear] of [
  ["by a response header", byHeader],
  ["by the debugging protocol", byProtocol],
] as const) {
  test.describe(`site data cleared ${how}`, () => {
    test.skip(
      ({ browserName }) => clear === byProtocol && browserName === "firefox",
      "Firefox has no such command in its protocol.",
    );

    test("ends every connection under load with storage-cleared, and none acknowledges a write more than a second later", async ({
      context,
      site,
    }) => {
      const { owner, waiting, outside } = await openTabs(context, site);
      for (const page of [owner, waiting]) {
        await page.evaluate(() => harness.load.start());
        await page.evaluate(() => harness.load.until("settled", 30));
      }
      const cleared = await clear(outside, site);
      for (const page of [owner, waiting]) {
        const load = await page.evaluate(async () => {
          await harness.load.until("rejected", 1);
          return harness.load.stop();
        });
        expect(new Set(load.map(({ code }) => code))).toEqual(new Set(["none", "storage-cleared"]));
        const last = Math.max(...load.filter(({ code }) => code === "none").map(({ settledAt }) => settledAt));
        expect(last).toBeLessThan(cleared + 1000);
        expect(await page.evaluate(() => harness.rejection(harness.texts()))).toMatchObject({
          code: "storage-cleared",
          outcome: "not-applied",
        });
      }
      await outside.evaluate(() => harness.open());
      expect(await outside.evaluate(() => harness.texts())).toEqual([]);
    });

    test("ends every connection that was idle with storage-cleared at its next call", async ({ context, site }) => {
      const { owner, waiting, outside } = await openTabs(context, site);
      await clear(outside, site);
      const acknowledgedBy = Date.now() + 1000;
      for (const page of [waiting, owner]) {
        const { code, at } = await page.evaluate(async () => {
          for (;;) {
            const rejection = await harness.rejection(harness.append("into nothing"));
            if (rejection.code !== "none") return { code: rejection.code, at: Date.now() };
          }
        });
        expect(code).toBe("storage-cleared");
        expect(at).toBeLessThan(acknowledgedBy);
      }
    });

    test("lets tabs that connect afterwards start afresh, and share what they write, while old tabs are still open", async ({
      context,
      site,
    }) => {
      const { owner, waiting, outside } = await openTabs(context, site);
      await clear(outside, site);
      await outside.evaluate(() => harness.open());
      await outside.evaluate(() => harness.append("afresh"));
      const next = await site.openDatabase(context);
      await next.evaluate(() => harness.append("afresh too"));
      for (const page of [outside, next])
        expect(await page.evaluate(() => harness.texts())).toEqual(["afresh", "afresh too"]);
      for (const page of [owner, waiting]) {
        expect(await page.evaluate(() => harness.rejection(harness.append("into nothing")))).toMatchObject({
          code: "storage-cleared",
        });
        await page.evaluate(() => harness.reopen());
        expect(await page.evaluate(() => harness.texts())).toEqual(["afresh", "afresh too"]);
      }
      await outside.close();
      await owner.evaluate(() => harness.append("and on"));
      expect(await next.evaluate(() => harness.texts())).toEqual(["afresh", "afresh too", "and on"]);
    });

    test("lets a connection be closed that has not noticed", async ({ context, site }) => {
      const { owner, waiting, outside } = await openTabs(context, site);
      await clear(outside, site);
      for (const page of [waiting, owner]) await page.evaluate(() => harness.close());
      await expect.poll(() => owner.workers()).toHaveLength(0);
      await owner.evaluate(() => harness.open());
      expect(await owner.evaluate(() => harness.texts())).toEqual([]);
    });

    test("lets the very tab that owned the database start afresh", async ({ context, site }) => {
      const { owner, waiting, outside } = await openTabs(context, site);
      await clear(outside, site);
      const code = await owner.evaluate(async () => {
        for (;;) {
          const rejection = await harness.rejection(harness.append("into nothing"));
          if (rejection.code !== "none") return rejection.code;
        }
      });
      expect(code).toBe("storage-cleared");
      await owner.evaluate(() => harness.reopen());
      await owner.evaluate(() => harness.append("afresh"));
      expect(await owner.evaluate(() => harness.texts())).toEqual(["afresh"]);
      expect(await waiting.evaluate(() => harness.rejection(harness.texts()))).toMatchObject({
        code: "storage-cleared",
      });
      await waiting.evaluate(() => harness.reopen());
      expect(await waiting.evaluate(() => harness.texts())).toEqual(["afresh"]);
    });

    test("a page that comes back from the back/forward cache after that ends with storage-cleared", async ({
      context,
      browserName,
      site,
    }) => {
      test.skip(browserName === "firefox", "Firefox does not keep a page whose worker holds a lock.");
      const { owner, waiting, outside } = await openTabs(context, site);
      await waiting.close();
      await leave(owner);
      await clear(outside, site);
      await goBackToKept(owner);
      expect(await owner.evaluate(() => harness.rejection(harness.append("into nothing")))).toMatchObject({
        code: "storage-cleared",
      });
      await outside.evaluate(() => harness.open());
      expect(await outside.evaluate(() => harness.texts())).toEqual([]);
    });
  });
}
