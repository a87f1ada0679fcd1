import type { BrowserContext, Page } from "@playwright/test";
import { expect, type Hold, type Site, test } from "./fixtures.js";
import { untilAskedOverChannel, untilDirect } from "./lines.js";
import type { Ending } from "./page/load.js";

/** Blocks the thread of the page's worker until the test lets go. */
async function hang(page: Page, hold: Hold): Promise<void> {
  await page.evaluate((url) => harness.faulty.ask({ type: "hang", url }), hold.url);
}

/** How the calls of a tab come to the owner in another one. */
const WAYS = ["over the channels", "through a line"] as const;

/** Two tabs as below, of which one asks the other in this way. */
async function twoTabsThat(
  way: (typeof WAYS)[number],
  site: Site,
  context: BrowserContext,
  busyTimeout?: number,
): Promise<readonly [owner: Page, follower: Page]> {
  if (way === "over the channels") return twoTabs(site, context, busyTimeout);
  const [owner, follower, witness] = await twoTabsWithLine(site, context, busyTimeout);
  await witness.close();
  return [owner, follower];
}

/** The same, through a line; and a third tab that hears whether it is. */
async function twoTabsWithLine(
  site: Site,
  context: BrowserContext,
  busyTimeout?: number,
): Promise<readonly [owner: Page, follower: Page, witness: Page]> {
  const witness = await site.openTab(context);
  const owner = await site.openTab(context);
  await owner.evaluate(() => harness.openFaultyWithLines());
  const follower = await site.openTab(context);
  await follower.evaluate((timeout) => harness.openFaultyWithLines({ busyTimeout: timeout }), busyTimeout);
  await untilDirect(follower, witness);
  return [owner, follower, witness];
}

/** A tab that owns the database, and can hang; and another one, in which calls give up after so long. */
async function twoTabs(
  site: Site,
  context: BrowserContext,
  busyTimeout?: number,
): Promise<readonly [owner: Page, follower: Page]> {
  const owner = await site.openTab(context);
  await owner.evaluate(() => harness.openFaulty());
  const follower = await site.openTab(context);
  await follower.evaluate((timeout) => harness.openFaulty({ busyTimeout: timeout }), busyTimeout);
  return [owner, follower];
}

/** Appends as an application does that safely repeats what is busy: a busy machine may take longer than that to answer. */
async function appendAtLast(page: Page, uid: string): Promise<void> {
  await page.evaluate(async (text) => {
    const message = { role: "user" as const, content: [{ type: "text" as const, text }] };
    let end: Ending;
    do end = await harness.rejection(harness.store.append(message, { uid: text }));
    while (end.code === "busy");
    if (end.code !== "none") throw new Error(end.message);
  }, uid);
}

for (const way of WAYS) {
  test(`calls reject busy while the owner's worker hangs, and work again when it goes on, ${way}`, async ({
    context,
    site,
  }) => {
    const [owner, follower] = await twoTabsThat(way, site, context, 700);
    await owner.evaluate(() => harness.append("before"));
    const late = await site.openTab(context);

    const hold = site.hold();
    await hang(owner, hold);
    const [write, read, opening] = await Promise.all([
      follower.evaluate(() => harness.rejection(harness.append("while it hung"))),
      follower.evaluate(() => harness.rejection(harness.texts())),
      late.evaluate(() => harness.rejection(harness.open({ busyTimeout: 700 }))),
    ]);
    expect(write).toMatchObject({ code: "busy", outcome: "unknown" });
    expect(read).toMatchObject({ code: "busy", outcome: "not-applied" });
    expect(opening).toMatchObject({ code: "busy" });
    for (const { message } of [write, read, opening]) {
      expect(message).toContain("tab");
      expect(message).toContain("700 ms");
    }
    await hold.release();
    await appendAtLast(follower, "after");
    // The owner heard of the write after its time was over.
    expect(await owner.evaluate(() => harness.texts())).toEqual(["before", "after"]);
    expect(await owner.evaluate(() => harness.role())).toBe("owner");
    await late.evaluate(() => harness.open());
    expect(await late.evaluate(() => harness.texts())).toEqual(["before", "after"]);
  });
}

test("what no worker has been given yet rejects with the calls before it, and is not there", async ({
  context,
  site,
}) => {
  const [owner, follower] = await twoTabs(site, context, 700);
  const hold = site.hold();
  await hang(owner, hold);
  // A page has 512 calls under way at most.
  const ends = await follower.evaluate(() =>
    Promise.all(Array.from({ length: 1500 }, (_, place) => harness.rejection(harness.append(String(place))))),
  );
  expect(ends.filter(({ code }) => code !== "busy")).toEqual([]);
  expect(ends.filter(({ outcome }) => outcome === "unknown")).toHaveLength(512);
  expect(ends.slice(512).filter(({ outcome }) => outcome !== "not-applied")).toEqual([]);
  await hold.release();
  await appendAtLast(follower, "after");
  expect(await owner.evaluate(() => harness.texts())).toEqual(["after"]);
});

test("a write of unknown end stays one when the worker that had passed it on has died", async ({ context, site }) => {
  const [owner, follower] = await twoTabs(site, context, 700);
  const hold = site.hold();
  await hang(owner, hold);
  const writing = follower.evaluate(() => harness.rejection(harness.append("while it hung")));
  // Whatever the worker is told after the write, it has passed that on by then.
  await follower.evaluate(() => harness.faulty.ask({ type: "report" }));
  await follower.evaluate(() => harness.faulty.terminate());
  expect(await writing).toMatchObject({ code: "busy", outcome: "unknown" });
  await hold.release();
});

test("a write that was rejected busy is safely repeated with its uid", async ({ context, site }) => {
  const [owner, follower] = await twoTabs(site, context, 300);
  for (let turn = 0; turn < 3; turn++) {
    const hold = site.hold();
    await hang(owner, hold);
    const uid = `uid-${turn}`;
    const append = (id: string) =>
      harness.rejection(harness.store.append({ role: "user", content: [{ type: "text", text: id }] }, { uid: id }));
    expect(await follower.evaluate(append, uid)).toMatchObject({ code: "busy" });
    await hold.release();
    await appendAtLast(follower, uid);
  }
  expect(await owner.evaluate(() => harness.texts())).toEqual(["uid-0", "uid-1", "uid-2"]);
});

test("a write that was rejected busy can be repeated with its uid behind a read, also by the next worker", async ({
  context,
  site,
}) => {
  const [owner, follower] = await twoTabs(site, context, 700);
  for (const [turn, ends] of [false, true].entries()) {
    const hold = site.hold();
    await hang(owner, hold);
    const append = (id: string) =>
      harness.rejection(harness.store.append({ role: "user", content: [{ type: "text", text: id }] }, { uid: id }));
    expect(await follower.evaluate(append, `uid-${turn}`)).toMatchObject({ code: "busy", outcome: "unknown" });
    await hold.release();
    const repeated = await follower.evaluate(
      async ([id, endsWorker]) => {
        let before: Promise<Ending>;
        let again: Ending;
        do {
          if (endsWorker) harness.faulty.terminate();
          before = harness.rejection(harness.texts());
          const message = { role: "user" as const, content: [{ type: "text" as const, text: id }] };
          [, again] = await Promise.all([before, harness.rejection(harness.store.append(message, { uid: id }))]);
        } while (again.code === "busy");
        return again;
      },
      [`uid-${turn}`, ends] as const,
    );
    expect(repeated).toMatchObject({ code: "none" });
  }
  expect(await owner.evaluate(() => harness.texts())).toEqual(["uid-0", "uid-1"]);
});

test("a worker takes nothing for its own that was answered to the one before it", async ({ context, site }) => {
  const [owner, follower] = await twoTabs(site, context);
  await owner.evaluate(() => harness.append("before"));
  // Now it has contents that the owner may leave out of its answer.
  await follower.evaluate(() => harness.texts());
  await owner.evaluate(() => harness.append("after"));
  const hold = site.hold();
  await hang(owner, hold);
  const reading = follower.evaluate(() => harness.texts());
  await follower.evaluate(() => harness.faulty.ask({ type: "report" }));
  await follower.evaluate(() => harness.faulty.terminate());
  // The next one asks who the owner is as soon as it runs.
  const hasNext = () =>
    follower.evaluate(() => {
      const answered = harness.faulty.ask({ type: "report" }).then(() => harness.faulty.count);
      return Promise.race([answered, new Promise<number>((resolve) => setTimeout(resolve, 50, 0))]);
    });
  await expect.poll(hasNext).toBe(2);
  // Then the owner looks after its files before it says who it is.
  await owner.waitForTimeout(1100);
  await hold.release();
  expect(await reading).toEqual(["before", "after"]);
});

for (const way of WAYS) {
  test(`a message that is being written goes on being written after its tab's reads were given up, ${way}`, async ({
    context,
    site,
  }) => {
    const [owner, follower] = await twoTabsThat(way, site, context, 700);
    const writer = await follower.evaluateHandle(() => harness.store.beginMessage("assistant"));
    const update = (text: string) =>
      follower.evaluate(([w, said]) => w.update([{ type: "text", text: said }]), [writer, text] as const);
    const texts = () => owner.evaluate(() => harness.texts());
    await update("one");
    await expect.poll(texts).toEqual(["one"]);
    const hold = site.hold();
    await update("one two");
    await expect.poll(texts).toEqual(["one two"]);
    await hang(owner, hold);
    // More than are under way at once: the writer's pause waits behind them.
    const reads = await follower.evaluate((w) => {
      const made = Array.from({ length: 6 }, () => harness.rejection(harness.texts()));
      w.update([{ type: "text", text: "one two three" }]);
      return Promise.all(made);
    }, writer);
    expect(reads.map(({ code }) => code)).toEqual(reads.map(() => "busy"));
    await hold.release();
    await update("one two three four");
    await expect.poll(texts).toEqual(["one two three four"]);
  });
}

test("what is written of a message is what was said last, whichever way it came", async ({ context, site }) => {
  const [owner, follower, witness] = await twoTabsWithLine(site, context);
  const writer = await follower.evaluateHandle(() => harness.store.beginMessage("assistant"));
  const update = (text: string) =>
    follower.evaluate(([w, said]) => w.update([{ type: "text", text: said }]), [writer, text] as const);
  const texts = () => follower.evaluate(() => harness.texts());
  const hold = site.hold();
  await hang(owner, hold);
  await untilAskedOverChannel("checkpoint", witness, () => update("one two three"));
  await hold.release();
  await expect.poll(texts).toEqual(["one two three"]);
  await untilDirect(follower, witness);
  await update("two two three");
  await expect.poll(texts).toEqual(["two two three"]);
  // The worker, whose turn it is now, must not take what it had sent itself for what is there.
  await owner.close();
  await update("one two three four");
  await expect.poll(texts).toEqual(["one two three four"]);
});

for (const way of WAYS) {
  test(`a write load over hangs of every length leaves each acknowledged write there once, and none that was not applied, ${way}`, async ({
    context,
    site,
  }) => {
    const [owner, follower] = await twoTabsThat(way, site, context, 250);
    await follower.evaluate(() => harness.load.start());
    for (let turn = 0; turn < 5; turn++) {
      const hold = site.hold();
      const before = await follower.evaluate(() => harness.load.writes.length);
      await hang(owner, hold);
      // Odd turns end before anything is given up; in the others, some calls have been, and others are about to be.
      if (turn % 2 === 0) await follower.evaluate((count) => harness.load.until("rejected", count), turn * 5 + 1);
      await hold.release();
      await follower.evaluate((count) => harness.load.until("settled", count), before + 20);
    }
    const load = await follower.evaluate(() => harness.load.stop());
    const texts = await owner.evaluate(() => harness.texts());
    expect(texts).toEqual([...new Set(texts)]);
    const there = new Set(texts);
    for (const { text, code, outcome } of load) {
      if (code === "none") expect(there).toContain(text);
      else expect(code).toBe("busy");
      if (outcome === "not-applied") expect(there).not.toContain(text);
    }
    expect(load.some(({ code }) => code === "busy")).toBe(true);
    const acknowledged = load.filter(({ code }) => code === "none").map(({ text }) => text);
    const kept = texts.filter((text) => acknowledged.includes(text));
    expect(kept).toEqual(acknowledged.toSorted((a, b) => Number(a) - Number(b)));
  });
}

for (const way of WAYS) {
  test(`what waits for a hanging owner is carried out, once and in order, by the tab that takes over when it is closed, ${way}`, async ({
    context,
    site,
  }) => {
    const [owner, follower] = await twoTabsThat(way, site, context);
    await hang(owner, site.hold());
    const appended = follower.evaluate(() => harness.append("0", "1", "2"));
    await owner.evaluate(() => harness.faulty.terminate());
    await appended;
    expect(await follower.evaluate(() => harness.texts())).toEqual(["0", "1", "2"]);
    expect(await owner.evaluate(() => harness.texts())).toEqual(["0", "1", "2"]);
  });
}
