import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.js";

const LENGTH = 400;
const KEPT = 10;

/** Begins to compact, over and over, a history that is put back after each time; never resolves. */
function keepCompacting(page: Page): Promise<void> {
  return page.evaluate(
    async ([length, keepRecent]) => {
      const { store } = harness;
      const texts = Array.from({ length }, (_, place) => String(place));
      const messages = texts.map((text) => ({ role: "user", content: [{ type: "text", text }] }) as const);
      for (;;) {
        await store.replaceHistory(messages);
        await harness.compact({ keepRecent, summarize: () => "a summary" });
      }
    },
    [LENGTH, KEPT] as const,
  );
}

const LONG = Array.from({ length: LENGTH }, (_, place) => String(place));
const COMPACTED = ["a summary", ...LONG.slice(-KEPT)];

test("killed at any moment of a compaction, the history is the old one or the new one, whole", async ({
  context,
  site,
}) => {
  const reader = await site.openTab(context);
  await reader.evaluate(() => harness.openFaulty());
  await reader.evaluate(() => harness.store.setContextTokens(1, 2));
  for (let kill = 0; kill < 3; kill++) {
    const victim = await site.openTab(context);
    await victim.evaluate(() => harness.openFaulty());
    if (kill % 2 === 0) {
      // The victim owns the database by then.
      await reader.evaluate(() => harness.faulty.terminate());
      await reader.evaluate(() => harness.texts());
    }
    keepCompacting(victim).catch(() => {});
    await victim.evaluate((rounds) => harness.untilCompacted(rounds), 1 + (kill % 3));
    await victim.close();
    // What the victim had sent to the owner before its end may still be carried out between two looks.
    const seen: string[][] = [];
    await expect(async () => {
      const texts = await reader.evaluate(() => harness.texts());
      seen.push(texts);
      expect(await reader.evaluate(() => harness.store.listSessions())).toMatchObject([
        { messageCount: texts.length, inputTokens: 1, outputTokens: 2 },
      ]);
    }).toPass();
    for (const texts of seen) expect([LONG, COMPACTED]).toContainEqual(texts);
  }
  expect(await reader.evaluate(() => harness.connection!.checkIntegrity())).toEqual({ ok: true, problems: [] });
});

test("a compaction whose worker is killed again and again is made all the same, once", async ({ context, site }) => {
  const page = await site.openTab(context);
  await page.evaluate(() => harness.openFaulty());
  for (let round = 0; round < 2; round++) {
    const { texts, isCompacted } = await page.evaluate(
      async ([length, keepRecent]) => {
        const { store } = harness;
        const messages = Array.from({ length }, (_, place) => {
          return { role: "user", content: [{ type: "text", text: String(place) }] } as const;
        });
        await store.replaceHistory(messages);
        const summarize = () => {
          queueMicrotask(() => queueMicrotask(() => harness.faulty.terminate()));
          return "a summary";
        };
        const compacted = await harness.compact({ keepRecent, summarize });
        return { texts: await harness.texts(), isCompacted: compacted };
      },
      [LENGTH, KEPT] as const,
    );
    expect(isCompacted).toBe(true);
    expect(texts).toEqual(COMPACTED);
  }
});
