import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.js";

/** Appends messages of which each has a word of its own, and one that all have. */
async function fill(page: Page, sessionId: string, count: number): Promise<void> {
  await page.evaluate(
    ([id, length]) => {
      const text = (n: number) => `needle ${id}${n} ${"and some more words of a message ".repeat(20)}`;
      const messages = Array.from({ length }, (_, n) => n).map((n) => {
        return { role: "user", content: [{ type: "text", text: text(n) }] } as const;
      });
      return harness.storeOf(id).appendAll(messages);
    },
    [sessionId, count] as const,
  );
}

function count(page: Page, query: string): Promise<number> {
  return page.evaluate(async (text) => (await harness.connection!.search(text, { limit: 100_000 })).length, query);
}

test("finds in every tab what any tab has written", async ({ context, site }) => {
  const [owner, follower] = [await site.openTab(context), await site.openTab(context)];
  for (const page of [owner, follower]) await page.evaluate(() => harness.open());
  await fill(follower, "a", 3);
  expect(await count(owner, "needle")).toBe(3);
  await fill(owner, "b", 2);
  expect(await count(follower, "needle")).toBe(5);
  const [hit] = await follower.evaluate(() => harness.connection!.search('"b1"'));
  expect(hit).toMatchObject({ sessionId: "b", position: 1 });
  expect(hit!.snippet).toMatch(/^needle ⟦b1⟧ and some/);
});

test("answers a search that was under way when the owner died", async ({ context, site }) => {
  const [owner, follower] = [await site.openTab(context), await site.openTab(context)];
  await owner.evaluate(() => harness.open({ searchIndex: "on-demand" }));
  await follower.evaluate(() => harness.open());
  await fill(owner, "a", 1200);
  const searching = count(follower, "needle");
  await owner.close();
  expect(await searching).toBe(1200);
  expect(await count(follower, '"a1199"')).toBe(1);
});

test("lets other calls pass while the index is built", async ({ context, site }) => {
  const page = await site.openTab(context);
  await page.evaluate(() => harness.open({ searchIndex: "on-demand" }));
  await fill(page, "a", 4800);
  const order = await page.evaluate(async () => {
    const done: string[] = [];
    const searching = harness.connection!.search("needle").then(() => done.push("search"));
    for (let n = 0; n < 5; n++) await harness.append("meanwhile").then(() => done.push("append"));
    await searching;
    return done;
  });
  expect(order).toEqual(["append", "append", "append", "append", "append", "search"]);
});

test("has an index that is whole after its worker died while it was built, again and again", async ({ page, site }) => {
  await page.goto(site.url("page"));
  await page.evaluate(() => harness.openFaulty());
  let messages = 0;
  for (let life = 0; life < 3; life++) {
    await fill(page, `s${life}`, 300);
    messages += 300;
    // At another point of the work each time.
    await page.evaluate(async (least) => {
      for (let left = Infinity; left > 300 - least;) {
        const { indexed, total } = (await harness.connection!.status()).searchIndex;
        left = total - indexed;
      }
      harness.faulty.terminate();
    }, life * 100);
  }
  expect(await count(page, "needle")).toBe(messages);
  for (let life = 0; life < 3; life++) expect(await count(page, `"s${life}299"`)).toBe(1);
  expect(await page.evaluate(() => harness.connection!.checkIntegrity())).toEqual({ ok: true, problems: [] });
});
