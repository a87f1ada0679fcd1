import type { BrowserContext, Page } from "@playwright/test";
import { expect, type Site, test } from "./fixtures.js";

const ROLES = ["owner", "follower"] as const;

/** Two tabs, and which of them holds the database is the streaming one's role. */
async function openTwo(
  context: BrowserContext,
  site: Site,
  role: (typeof ROLES)[number],
): Promise<{ streaming: Page; reading: Page }> {
  const first = await site.openTab(context);
  await first.evaluate(() => harness.openFaulty());
  const second = await site.openTab(context);
  await second.evaluate(() => harness.openFaulty());
  return role === "owner" ? { streaming: first, reading: second } : { streaming: second, reading: first };
}

function progress(page: Page): Promise<{ readonly status: string; readonly numbers: number }> {
  return page.evaluate(() => harness.progress());
}

/** Waits until the page reads so much more of the message than it does now. Gives what it reads then. */
async function untilGrown(page: Page): Promise<number> {
  const { numbers } = await progress(page);
  await page.evaluate((count) => harness.untilStreamed(count + 100), numbers);
  return (await progress(page)).numbers;
}

for (const role of ROLES) {
  test(`the ${role}'s stream grows before the eyes of another tab, and becomes one complete message`, async ({
    context,
    site,
  }) => {
    const { streaming, reading } = await openTwo(context, site, role);
    await streaming.evaluate(() => harness.append("question"));
    await streaming.evaluate(() => harness.stream.begin(harness.store));
    for (let step = 0; step < 3; step++) await untilGrown(reading);
    expect(await progress(reading)).toMatchObject({ status: "partial" });
    const text = await streaming.evaluate(() => harness.stream.finish());
    expect(await reading.evaluate(() => harness.texts())).toEqual(["question", text]);
    expect(await progress(reading)).toMatchObject({ status: "complete" });
  });

  test(`the ${role}'s stream survives its worker again and again, and is finished once`, async ({ context, site }) => {
    const { streaming, reading } = await openTwo(context, site, role);
    await streaming.evaluate(() => harness.stream.begin(harness.store));
    for (let life = 0; life < 3; life++) {
      await untilGrown(reading);
      await streaming.evaluate(() => harness.faulty.terminate());
    }
    await untilGrown(reading);
    const text = await streaming.evaluate(() => harness.stream.finish());
    expect(await reading.evaluate(() => harness.texts())).toEqual([text]);
    expect(await reading.evaluate(() => harness.connection!.checkIntegrity())).toEqual({ ok: true, problems: [] });
  });

  test(`what the ${role} had written of an answer is there when its tab is closed`, async ({ context, site }) => {
    const { streaming, reading } = await openTwo(context, site, role);
    await streaming.evaluate(() => harness.stream.begin(harness.store));
    const read = await untilGrown(reading);
    await streaming.close();
    const left = await progress(reading);
    expect(left.status).toBe("partial");
    expect(left.numbers).toBeGreaterThanOrEqual(read);
    await reading.evaluate(() => harness.append("and then?"));
    expect(await reading.evaluate(() => harness.texts())).toHaveLength(2);
  });
}

test("a stream goes on when the tab that holds the database is closed", async ({ context, site }) => {
  const { streaming, reading: owner } = await openTwo(context, site, "follower");
  await streaming.evaluate(() => harness.stream.begin(harness.store));
  await untilGrown(owner);
  await owner.close();
  await untilGrown(streaming);
  const text = await streaming.evaluate(() => harness.stream.finish());
  expect(await streaming.evaluate(() => harness.texts())).toEqual([text]);
});

test("what was written of an answer is there after the browser was killed, and can be truncated", async ({
  profile,
  site,
}) => {
  let context = await profile.launch();
  const { streaming, reading } = await openTwo(context, site, "owner");
  await streaming.evaluate(() => harness.append("question"));
  await streaming.evaluate(() => harness.stream.begin(harness.store));
  const read = await untilGrown(reading);
  await profile.kill();
  context = await profile.launch();
  const page = await site.openDatabase(context);
  const left = await progress(page);
  expect(left.status).toBe("partial");
  expect(left.numbers).toBeGreaterThanOrEqual(read);
  await page.evaluate(() => harness.store.truncate(1));
  expect(await page.evaluate(() => harness.texts())).toEqual(["question"]);
  expect(await page.evaluate(() => harness.connection!.checkIntegrity())).toEqual({ ok: true, problems: [] });
});
