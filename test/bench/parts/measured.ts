import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import type { Browser } from "../../browsers.js";
import type { DriverInfo } from "../drivers/registry.js";
import { Measurements } from "../measurements.js";
import { type RunningBrowser, startBrowser } from "../running-browser.js";
import { serveSite, type Site } from "../site.js";

/** What a part of the benchmark is measured with. */
export interface Setting {
  readonly site: Site;
  readonly browser: RunningBrowser;
  /** For files that are given to pages. */
  readonly folder: string;
  readonly measurements: Measurements;
}

/** What was measured, and in which browser. */
export interface PartResult {
  readonly measurements: Measurements;
  readonly browser: string;
}

/** A million messages are not imported in a moment. */
const IMPORT_LIMIT = 600_000;

/** Serves the drivers' pages and starts the browser, until `measure` has made its measurements. */
export async function measured(
  drivers: Readonly<Record<string, DriverInfo>>,
  launched: Browser,
  measure: (setting: Setting) => Promise<void>,
): Promise<PartResult> {
  const site = await serveSite(drivers);
  const browser = await startBrowser(launched);
  const folder = await mkdtemp(join(tmpdir(), "axio-context-opfs-bench-"));
  const measurements = new Measurements();
  try {
    await measure({ site, browser, folder, measurements });
    return { measurements, browser: browser.version };
  } finally {
    await browser.stop();
    await site.stop();
    await rm(folder, { recursive: true });
  }
}

/** Fills the store of the page from a database file. */
export async function importInto(browser: RunningBrowser, url: string, file: string): Promise<void> {
  const fill = async (page: Page) => {
    await page.setInputFiles("input", file);
    await page.evaluate(() => bench.importFile());
    await page.evaluate(() => bench.close());
  };
  await browser.withPage(url, fill, IMPORT_LIMIT);
}
