import type { BrowserContext, Page } from "@playwright/test";
import { expect, type Site, test } from "./fixtures.js";

const WHOLE = Array.from({ length: 10 }, () => 100);

async function twoTabs(site: Site, context: BrowserContext): Promise<[owner: Page, follower: Page]> {
  const owner = await site.openDatabase(context);
  const follower = await site.openDatabase(context);
  expect(await follower.evaluate(() => harness.role())).toBe("follower");
  return [owner, follower];
}

test("a tab that does not own the database imports, hears of the progress, and others go on meanwhile", async ({
  context,
  site,
}) => {
  const [owner, follower] = await twoTabs(site, context);
  await owner.evaluate(() => harness.startPump());
  await follower.evaluate(() => harness.importing.begin());
  const before = await owner.evaluate(() => harness.pumped);
  await owner.waitForFunction((count) => harness.pumped >= count + 20, before);
  expect(await follower.evaluate(() => harness.importing.ended())).toMatchObject({
    sessionsAdded: 10,
    messagesAdded: 1000,
  });
  expect(await follower.evaluate(() => harness.importing.progress)).toEqual({
    phase: "merge",
    done: 1000,
    total: 1000,
  });
  const appended = await owner.evaluate(() => harness.stopPump());
  expect(await follower.evaluate(() => harness.texts())).toEqual(appended);
  expect(await owner.evaluate(() => harness.importing.counts())).toEqual(WHOLE);
});

test("an import that its tab aborts is taken back by the owner, not what the owner's tab appends", async ({
  context,
  site,
}) => {
  const [owner, follower] = await twoTabs(site, context);
  await owner.evaluate(() => harness.startPump());
  const ended = await follower.evaluate(async () => {
    await harness.importing.begin(200);
    harness.importing.abort();
    return harness.importing.ended();
  });
  expect(ended).toBe("aborted");
  expect(await owner.evaluate(() => harness.importing.counts())).toEqual([]);
  const appended = await owner.evaluate(() => harness.stopPump());
  expect(await follower.evaluate(() => harness.texts())).toEqual(appended);
});

test("when the owner's tab closes in the middle of another's import, the next owner carries it out once", async ({
  context,
  site,
}) => {
  const [owner, follower] = await twoTabs(site, context);
  await owner.evaluate(() => harness.append("kept"));
  await follower.evaluate(() => harness.importing.begin());
  await owner.close();
  expect(await follower.evaluate(() => harness.importing.ended())).toMatchObject({
    sessionsAdded: 10,
    messagesAdded: 1000,
  });
  expect(await follower.evaluate(() => harness.importing.counts())).toEqual(WHOLE);
  expect(await follower.evaluate(() => harness.texts())).toEqual(["kept"]);
});

test("an import whose tab is closed is taken back by the tab that holds the database, which goes on", async ({
  context,
  site,
}) => {
  const [owner, follower] = await twoTabs(site, context);
  await follower.evaluate(() => harness.importing.begin(200));
  await owner.evaluate(() => harness.startPump());
  await follower.close();
  await expect.poll(() => owner.evaluate(() => harness.importing.counts())).toEqual([]);
  // Whatever comes after it waits until all is taken back.
  await owner.evaluate(() => harness.connection!.export());
  expect(await owner.evaluate(() => harness.importing.counts())).toEqual([]);
  const appended = await owner.evaluate(() => harness.stopPump());
  expect(await owner.evaluate(() => harness.texts())).toEqual(appended);
  expect(await owner.evaluate(() => harness.connection!.checkIntegrity())).toEqual({ ok: true, problems: [] });
});

test("an import whose tab aborts it, and is closed while it is taken back, is taken back to the end", async ({
  context,
  site,
}) => {
  const [owner, follower] = await twoTabs(site, context);
  await follower.evaluate(() => harness.importing.begin(300));
  await follower.evaluate(() => harness.importing.reached(0.5));
  const count = async () =>
    (await owner.evaluate(() => harness.importing.counts())).reduce((sum, each) => sum + each, 0);
  const most = await count();
  await follower.evaluate(() => harness.importing.abort());
  await expect.poll(count).toBeLessThan(most);
  await follower.close();
  await expect.poll(() => owner.evaluate(() => harness.importing.counts())).toEqual([]);
  await owner.evaluate(() => harness.importing.begin(10));
  expect(await owner.evaluate(() => harness.importing.ended())).toMatchObject({
    sessionsAdded: 10,
    messagesAdded: 100,
  });
});

test("an import whose tab's worker dies in the middle is taken back, made again, and told of", async ({
  context,
  site,
}) => {
  const owner = await site.openDatabase(context);
  const follower = await site.openTab(context);
  await follower.evaluate(() => harness.openFaulty());
  await follower.evaluate(async () => {
    await harness.importing.begin(300);
    await harness.importing.reached(0.5);
    harness.faulty.terminate();
  });
  expect(await follower.evaluate(() => harness.importing.ended())).toMatchObject({
    sessionsAdded: 10,
    messagesAdded: 3000,
  });
  const whole = Array.from({ length: 10 }, () => 300);
  for (const page of [owner, follower]) expect(await page.evaluate(() => harness.importing.counts())).toEqual(whole);
});

test("an import is gone when the browser is killed in the middle of it, and nothing else is", async ({
  profile,
  site,
}) => {
  const context = await profile.launch();
  const page = await site.openDatabase(context);
  await page.evaluate(() => harness.append("kept"));
  await page.evaluate(() => harness.importing.begin());
  await page.evaluate(() => harness.append("kept too"));
  await profile.kill();
  const again = await site.openTab(await profile.launch());
  await again.evaluate(() => harness.open());
  expect(await again.evaluate(() => harness.texts())).toEqual(["kept", "kept too"]);
  expect([[], WHOLE]).toContainEqual(await again.evaluate(() => harness.importing.counts()));
});
