import type { BrowserContext, Page } from "@playwright/test";
import { expect, type Site, test } from "./fixtures.js";

test("a tab that is not the next in the queue reads and writes without loading SQLite", async ({ context, site }) => {
  const first = await site.openTab(context);
  await first.evaluate(() => harness.openFaulty());
  await first.evaluate(() => harness.append("first"));
  expect((await first.evaluate(() => harness.faulty.ask({ type: "report" }))).compiled).toBeGreaterThan(0);

  // It loads SQLite as soon as it has nothing to do, which on a busy machine may be before the test looks.
  const next = await site.openTab(context);
  await next.evaluate(() => harness.openFaulty());
  const other = await site.openTab(context);
  const requests: string[] = [];
  other.on("request", (request) => requests.push(request.url()));
  await other.evaluate(() => harness.openFaulty());
  expect(await other.evaluate(() => harness.texts())).toEqual(["first"]);
  await other.evaluate(() => harness.append("second"));
  expect((await other.evaluate(() => harness.faulty.ask({ type: "report" }))).compiled).toBe(0);
  expect(requests.filter((url) => url.endsWith(".wasm"))).toEqual([]);
  expect(await first.evaluate(() => harness.texts())).toEqual(["first", "second"]);
});

test("the next in the queue loads SQLite in advance, and no other tab does", async ({ context, site }) => {
  const [owner, next, last] = [await site.openTab(context), await site.openTab(context), await site.openTab(context)];
  for (const page of [owner, next, last]) {
    await page.evaluate(() => harness.openFaulty());
    await page.evaluate(() => harness.append("hello"));
  }
  const compiled = (page: Page) => page.evaluate(async () => (await harness.faulty.ask({ type: "report" })).compiled);
  await expect.poll(() => compiled(next)).toBeGreaterThan(0);
  expect(await compiled(last)).toBe(0);
  await owner.close();
  await expect.poll(() => compiled(last)).toBeGreaterThan(0);
  expect(await next.evaluate(() => harness.role())).toBe("owner");
});

test("a second tab reads a long history and a long list as the first one does", async ({ context, site }) => {
  const first = await site.openDatabase(context);
  await first.evaluate(async () => {
    const noise = () => Array.from({ length: 40 }, () => crypto.randomUUID()).join("é");
    await harness.append(...Array.from({ length: 600 }, noise));
    const sessions = Array.from({ length: 500 }, (_, number) => harness.storeOf(`session ${number}`));
    await Promise.all(
      sessions.map((store) => store.append({ role: "user", content: [{ type: "text", text: noise() }] })),
    );
  });
  const second = await site.openDatabase(context);
  const read = (page: Page) =>
    page.evaluate(async () => [await harness.texts(), await harness.storeOf("session 0").listSessions()] as const);
  const [texts, list] = await read(second);
  expect([texts.length, list.length]).toEqual([600, 501]);
  expect([texts, list]).toEqual(await read(first));
});

/** A tab that owns the database, in which there is a history that is read in many batches. */
async function openLong(context: BrowserContext, site: Site): Promise<Page> {
  const owner = await site.openDatabase(context);
  await owner.evaluate(() => {
    const noise = () => Array.from({ length: 30 }, () => crypto.randomUUID()).join();
    return harness.append(...Array.from({ length: 3000 }, noise));
  });
  return owner;
}

test("a history that a tab is reading when the owner's tab closes is read whole", async ({ context, site }) => {
  let owner = await openLong(context, site);
  for (let turn = 0; turn < 4; turn++) {
    const next = await site.openDatabase(context);
    const reading = next.evaluate(async () => (await harness.texts()).length);
    await owner.close();
    expect(await reading).toBe(3000);
    owner = next;
  }
});

test("a history that a tab is reading when its own worker dies is read whole", async ({ context, site }) => {
  await openLong(context, site);
  const reader = await site.openTab(context);
  const lengths = await reader.evaluate(async () => {
    const read: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      await harness.openFaulty();
      const reading = harness.texts();
      // Ever later, in between two of its batches.
      for (let tasks = 0; tasks < turn * 12; tasks++) await new Promise((resolve) => setTimeout(resolve));
      harness.faulty.terminate();
      read.push((await reading).length, (await harness.texts()).length);
      // Without what the page has kept.
      await harness.close();
    }
    return read;
  });
  expect(lengths).toEqual(lengths.map(() => 3000));
});

test("a history is read as it is at one moment, however it is rewritten and whatever tab owns it", async ({
  context,
  site,
}) => {
  let owner = await site.openDatabase(context);
  const [writer, reader] = [await site.openDatabase(context), await site.openDatabase(context)];
  const rounds = 6;
  const written = writer.evaluate(async (count) => {
    const store = harness.storeOf("rewritten");
    const message = (round: number, number: number) => {
      return { role: "user", content: [{ type: "text", text: `${round}:${number}` }] } as const;
    };
    // So many that they are read in several slices.
    const length = 5000;
    for (let round = 1; round <= count; round++) {
      await store.replaceHistory(Array.from({ length }, (_, number) => message(round, number)));
      for (let number = length; number < length + 20; number++) await store.append(message(round, number));
    }
  }, rounds);
  const read = reader.evaluate(async (last) => {
    const torn: string[] = [];
    for (let round = ""; round !== String(last);) {
      const history = await harness.storeOf("rewritten").getMessages();
      const names = history.map(({ content: [block] }) => (block as { text: string }).text.split(":"));
      round = names[0]?.[0] ?? "";
      torn.push(...names.filter(([of, number], place) => of !== round || number !== String(place)).map(String));
    }
    return torn;
  }, rounds);
  for (let turn = 0; turn < 3; turn++) {
    const next = await site.openDatabase(context);
    await owner.close();
    owner = next;
  }
  await written;
  expect(await read).toEqual([]);
});
