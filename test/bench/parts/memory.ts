import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { makeDatabaseFile } from "../data/database-file.js";
import { createdAt, type Session } from "../data/messages.js";
import { makeShortMessage, shortSessions } from "../data/short-messages.js";
import { DRIVERS, OURS } from "../drivers/registry.js";
import { Measurements } from "../measurements.js";
import type { Options } from "../options.js";
import { startBrowser } from "../running-browser.js";
import { serveSite } from "../site.js";
import { LONG } from "../workloads/workload.js";

const MESSAGES = 1_000_000;
const LONG_MESSAGES = 100_000;
const IMPORT_LIMIT = 600_000;

/** What the worker holds with a large database open: after opening, and after a long history was read from it. */
export async function measureMemory(options: Options): Promise<{ measurements: Measurements; browser: string }> {
  if (options.browser.name !== "chromium") throw new Error("Only Chromium tells how much memory a worker holds.");
  const [messages, long] = options.quick ? [MESSAGES / 100, LONG_MESSAGES / 100] : [MESSAGES, LONG_MESSAGES];
  const site = await serveSite({ [OURS]: DRIVERS[OURS]! });
  // Otherwise it measures when it likes.
  const { launch } = options.browser;
  const args = [...(launch.args ?? []), "--enable-blink-features=ForceEagerMeasureMemory"];
  const browser = await startBrowser({ ...options.browser, launch: { ...launch, args } });
  const folder = await mkdtemp(join(tmpdir(), "axio-context-opfs-bench-"));
  const measurements = new Measurements();
  const note = async (when: string, page: Page) => {
    const bytes = await page.evaluate(() => bench.workerMemory());
    measurements.add(OURS, { [`${when}, MB`]: bytes / 1e6 });
  };
  try {
    const file = join(folder, "memory.sqlite");
    await makeDatabaseFile(file, sessions(messages, long));
    const url = site.url(OURS, "memory");
    await browser.withPage(
      url,
      async (page) => {
        await page.setInputFiles("input", file);
        await page.evaluate(() => bench.importFile());
        await page.evaluate(() => bench.close());
      },
      IMPORT_LIMIT,
    );
    await browser.withPage(url, async (page) => {
      await page.evaluate(() => bench.openTime());
      await note("opened", page);
      const read = await page.evaluate((session) => bench.read(session), LONG);
      if (read !== long) throw new Error(`Wrong answer: ${read} messages instead of ${long}.`);
      await note("history read", page);
    });
    return { measurements, browser: browser.version };
  } finally {
    await browser.stop();
    await site.stop();
    await rm(folder, { recursive: true });
  }
}

function* sessions(messages: number, long: number): Generator<Session> {
  const longMessages = Array.from({ length: long }, (_, position) => makeShortMessage(LONG, position));
  yield { id: LONG, createdAt: createdAt(0), messages: longMessages };
  yield* shortSessions(messages - long);
}
