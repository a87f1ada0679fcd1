import type { BrowserContext, Page } from "@playwright/test";
import { goBackToKept, leave } from "./back-forward.js";
import { expect, type Site, test } from "./fixtures.js";

/** Opens tabs that listen; the first owns the database. */
async function openListening(context: BrowserContext, site: Site, count: number): Promise<Page[]> {
  const pages: Page[] = [];
  for (let place = 0; place < count; place++) {
    const page = await site.openDatabase(context);
    await page.evaluate(() => harness.listen());
    pages.push(page);
  }
  return pages;
}

/** Waits for the change of kind "clear" that a test makes last, and gives what was heard before it. */
function heardBeforeClear(page: Page) {
  return page.evaluate(async () => {
    await harness.untilHeard(({ kind }) => kind === "clear");
    return harness.heard.filter(({ kind }) => kind !== "clear");
  });
}

test("every tab hears of every tab's changes once, in the order of the commits, and knows its own", async ({
  context,
  site,
}) => {
  const pages = await openListening(context, site, 4);
  await Promise.all(
    pages.map((page, tab) =>
      page.evaluate(async (name) => {
        await Promise.all(
          Array.from({ length: 25 }, async (_, i) => {
            const store = harness.storeOf(`session ${name}`);
            await store.append({ role: "user", content: [{ type: "text", text: String(i) }] });
          }),
        );
      }, tab),
    ),
  );
  await pages[1]!.evaluate(() => harness.storeOf("session 1").clear());
  const heard = await Promise.all(pages.map(heardBeforeClear));
  for (const [tab, changes] of heard.entries()) {
    expect(changes).toHaveLength(100);
    const commits = changes.map(({ commit }) => commit);
    expect(commits).toEqual(commits.toSorted((a, b) => a - b));
    for (let other = 0; other < 4; other++) {
      const theirs = changes.filter(({ sessionId }) => sessionId === `session ${other}`);
      expect(theirs.map(({ position }) => position)).toEqual(Array.from({ length: 25 }, (_, place) => place));
      expect(new Set(theirs.map(({ local }) => local))).toEqual(new Set([other === tab]));
    }
  }
  const withoutLocal = heard.map((changes) => changes.map((change) => ({ ...change, local: undefined })));
  for (const changes of withoutLocal) expect(changes).toEqual(withoutLocal[0]);
});

test("tells of every kind of change, and to a listener with a filter of its own session alone", async ({
  context,
  site,
}) => {
  const [owner] = (await openListening(context, site, 1)) as [Page];
  const other = await site.openDatabase(context);
  await other.evaluate(() => harness.listen({ sessionId: "session" }));
  await owner.evaluate(async () => {
    await harness.storeOf("another").append({ role: "user", content: [] });
    await harness.append("first", "second");
    await harness.store.setContextTokens(1, 2);
    const fork = await harness.store.fork();
    await fork.append({ role: "user", content: [] });
    await harness.store.clear();
  });
  const kinds = (await heardBeforeClear(owner)).map(({ kind }) => kind);
  expect(kinds).toEqual(["append", "append", "append", "tokens", "fork", "append"]);
  const filtered = await heardBeforeClear(other);
  expect(filtered.map(({ kind, position }) => [kind, position])).toEqual([
    ["append", 0],
    ["append", 1],
    ["tokens", undefined],
  ]);
});

test("stops telling a listener that has stopped listening", async ({ context, site }) => {
  const [owner, follower] = (await openListening(context, site, 2)) as [Page, Page];
  await follower.evaluate(() => harness.stopListening());
  await owner.evaluate(() => harness.append("unheard"));
  // The owner's answer comes behind what it has announced.
  await follower.evaluate(() => harness.texts());
  await follower.evaluate(() => harness.listen());
  await owner.evaluate(() => harness.store.clear());
  expect(await heardBeforeClear(follower)).toEqual([]);
});

test("when the owner is gone, the tab that takes over and the others are told to read again, and then hear of everything", async ({
  context,
  site,
}) => {
  const [owner, ...others] = (await openListening(context, site, 4)) as [Page, Page, Page, Page];
  await owner.evaluate(() => harness.append("before"));
  for (const page of others) await page.evaluate(() => harness.untilHeard(({ kind }) => kind === "append"));
  await owner.close();
  for (const page of others) await page.evaluate(() => harness.untilHeard(({ kind }) => kind === "resync"));
  // The next in the queue took over. What it writes itself reaches the others, which have asked it for nothing.
  const [next] = others;
  expect(await next.evaluate(() => harness.role())).toBe("owner");
  await next.evaluate(() => harness.append("after"));
  await next.evaluate(() => harness.store.clear());
  for (const page of others) {
    const heard = await heardBeforeClear(page);
    expect(heard.map(({ kind }) => kind)).toEqual(["append", "resync", "append"]);
    const commits = heard.map(({ commit }) => commit);
    expect(commits).toEqual(commits.toSorted((a, b) => a - b));
  }
});

test("a tab loses no change while owners come and go: it hears of it, or is told to read again after it", async ({
  context,
  site,
}) => {
  const listener = await site.openTab(context);
  const writers = await Promise.all([site.openTab(context), site.openTab(context)]);
  for (const page of writers) await page.evaluate(() => harness.openFaulty());
  await listener.evaluate(() => harness.open());
  await listener.evaluate(() => harness.listenAndRead());
  for (const page of writers) await page.evaluate(() => harness.startPump());
  for (let turn = 0; turn < 4; turn++) {
    const page = writers[turn % 2]!;
    const before = await page.evaluate(() => harness.pumped);
    await page.evaluate((count) => harness.untilPumped(count + 20), before);
    await page.evaluate(() => harness.faulty.terminate());
  }
  for (const page of writers) await page.evaluate(() => harness.stopPump());
  const texts = await listener.evaluate(() => harness.texts());
  // What a listener that reads on every change has read is, in the end, everything.
  await expect.poll(() => listener.evaluate(() => harness.lastRead)).toEqual(texts);
});

test("a page that comes back from the back/forward cache is told to read again", async ({
  context,
  browserName,
  site,
}) => {
  test.skip(browserName === "firefox", "Firefox does not keep a page whose worker holds a lock.");
  const [away, other] = (await openListening(context, site, 2)) as [Page, Page];
  await leave(away);
  await other.evaluate(() => harness.append("meanwhile"));
  await goBackToKept(away);
  await away.evaluate(() => harness.untilHeard(({ kind }) => kind === "resync"));
  await other.evaluate(() => harness.append("after"));
  await away.evaluate(() => harness.untilHeard(({ kind }) => kind === "append"));
  expect(await away.evaluate(() => harness.texts())).toEqual(["meanwhile", "after"]);
  const commits = await away.evaluate(() => harness.heard.map(({ commit }) => commit));
  expect(commits).toEqual(commits.toSorted((a, b) => a - b));
});
