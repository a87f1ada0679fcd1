import type { Page } from "@playwright/test";

/** How the message begins of what {@link goBackToKept} rejects with. A test that fails for nothing else is run again. */
export const DROPPED = "The browser has dropped the page from its back/forward cache";

/** Goes to another page. Chromium keeps this one in its back/forward cache. */
export async function leave(page: Page): Promise<void> {
  await page.goto(new URL("elsewhere.html", page.url()).href);
}

/** Goes back, and resolves to whether the page had been kept. */
export async function goBack(page: Page): Promise<boolean> {
  await page.goBack({ waitUntil: "commit" });
  await page.waitForFunction(() => globalThis.harness?.wasShown);
  return page.evaluate(() => harness.persisted);
}

/** Goes back to a page that must have been kept: one that was loaded again would prove nothing. */
export async function goBackToKept(page: Page): Promise<void> {
  if (await goBack(page)) return;
  const reasons = await page.evaluate(() => JSON.stringify(performance.getEntriesByType("navigation")[0]));
  throw new Error(`${DROPPED}: ${reasons}`);
}
