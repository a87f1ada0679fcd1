import { expect, test } from "./fixtures.js";
import { untilDirect } from "./lines.js";

test("shows two tabs the same history, and goes on when the first one closes", async ({ context, site }) => {
  const first = await site.openDatabase(context);
  await first.evaluate(() => harness.append("0"));
  const second = await site.openDatabase(context);
  expect(await second.evaluate(() => harness.texts())).toEqual(["0"]);
  for (let turn = 1; turn < 10; turn += 2) {
    await second.evaluate((text) => harness.append(text), String(turn));
    await first.evaluate((text) => harness.append(text), String(turn + 1));
  }
  const all = Array.from({ length: 11 }, (_, place) => String(place));
  expect(await first.evaluate(() => harness.texts())).toEqual(all);
  expect(await second.evaluate(() => harness.texts())).toEqual(all);
  await first.close();
  await second.evaluate(() => harness.append("11"));
  expect(await second.evaluate(() => harness.texts())).toEqual([...all, "11"]);
});

test("loses nothing of what one tab appends while the other, the owner, closes", async ({ context, site }) => {
  const owner = await site.openDatabase(context);
  const follower = await site.openDatabase(context);
  await follower.evaluate(() => harness.startPump());
  await follower.waitForFunction(() => harness.pumped >= 100);
  await owner.close();
  const before = await follower.evaluate(() => harness.pumped);
  await follower.waitForFunction((count) => harness.pumped >= count + 100, before);
  const appended = await follower.evaluate(() => harness.stopPump());
  expect(await follower.evaluate(() => harness.texts())).toEqual(appended);
});

test("opens a database whose path begins as that of one does which two tabs have open", async ({ context, site }) => {
  const tabs = [await site.openTab(context), await site.openTab(context)];
  for (const tab of tabs) await tab.evaluate(() => harness.open());
  const role = await tabs[0]!.evaluate(async () => {
    const other = await harness.connect({}, "chat.db:next");
    return (await other.status()).role;
  });
  expect(role).toBe("owner");
});

test("shares one worker among the connections of a page, and lets go of the database with the last one", async ({
  context,
  site,
}) => {
  const page = await site.openDatabase(context);
  const extra = await page.evaluateHandle(async () => {
    const first = harness.connection!;
    harness.connection = undefined;
    await harness.open();
    return first;
  });
  expect(page.workers()).toHaveLength(1);
  await extra.evaluate((connection) => connection.close());
  await page.evaluate(() => harness.append("after one closed"));
  expect(page.workers()).toHaveLength(1);
  await page.evaluate(() => harness.close());
  const next = await site.openDatabase(context);
  expect(await next.evaluate(async () => (await harness.connection!.status()).role)).toBe("owner");
  expect(await next.evaluate(() => harness.texts())).toEqual(["after one closed"]);
  await expect.poll(() => page.workers()).toHaveLength(0);
});

test("calls of other tabs change over to a line to the owner, and to the next owner", async ({ context, site }) => {
  const witness = await site.openTab(context);
  const owner = await site.openDatabase(context);
  const [second, third] = [await site.openDatabase(context), await site.openDatabase(context)];
  for (const page of [second, third]) await untilDirect(page, witness);
  await second.evaluate(() => harness.append("through a line"));
  expect(await owner.evaluate(() => harness.texts())).toEqual(["through a line"]);
  await owner.close();
  await untilDirect(third, witness);
  await third.evaluate(() => harness.append("to the next owner"));
  for (const page of [second, third])
    expect(await page.evaluate(() => harness.texts())).toEqual(["through a line", "to the next owner"]);
});
