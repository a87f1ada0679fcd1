import { expect, test } from "./fixtures.js";

test("keeps a message that was acknowledged just before the browser was killed, once", async ({ profile, site }) => {
  const page = await site.openTab(await profile.launch());
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("first"));
  await page.evaluate(() => harness.append("acknowledged"));
  await profile.kill();

  const again = await site.openTab(await profile.launch());
  await again.evaluate(() => harness.open());
  expect(await again.evaluate(() => harness.texts())).toEqual(["first", "acknowledged"]);
  await again.evaluate(() => harness.append("after"));
  expect(await again.evaluate(() => harness.texts())).toEqual(["first", "acknowledged", "after"]);
});

test("keeps what was acknowledged, once and in order, when the page is reloaded while it appends", async ({
  context,
  site,
}) => {
  const page = await site.openDatabase(context);
  await page.evaluate(() => harness.startPump());
  await page.waitForFunction(() => harness.pumped >= 100);
  await page.reload();
  await page.evaluate(() => harness.open());
  const texts = await page.evaluate(() => harness.texts());
  const acknowledged = await page.evaluate(() => harness.acknowledged());
  expect(acknowledged.length).toBeGreaterThanOrEqual(100);
  // Calls are carried out in the order in which they are made: what is there is an unbroken beginning of them.
  expect(texts).toEqual(texts.map((_, place) => String(place)));
  expect(texts).toEqual(expect.arrayContaining(acknowledged));
});
