import type { Page } from "@playwright/test";

/** How the message begins of what {@link goBack} rejects with. A test that fails for nothing else is run again. */
export const DROPPED = "The browser has dropped the page from its back/forward cache";

/** Goes to another page. Chromium keeps this one in its back/forward cache. */
export async function leave(page: Page): Promise<void> {
  await page.goto(new URL("elsewhere.html", page.url()).href);
}

/** Goes back. The page must have been kept, unless it may be loaded again: that would prove nothing of the cache. */
export async function goBack(page: Page, { mayLoadAgain = false } = {}): Promise<void> {
  await page.goBack({ waitUntil: "commit" });
  await page.waitForFunction(() => globalThis.harness?.wasShown);
  if (mayLoadAgain || (await page.evaluate(() => harness.persisted))) return;
  const reasons = await page.evaluate(() => JSON.stringify(performance.getEntriesByType("navigation")[0]));
  throw new Error(`${DROPPED}: ${reasons}`);
}
