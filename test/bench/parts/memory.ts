import { join } from "node:path";
import type { Page } from "playwright";
import { makeDatabaseFile } from "../data/database-file.js";
import { createdAt, type Session } from "../data/messages.js";
import { makeShortMessage, shortSessions } from "../data/short-messages.js";
import { DRIVERS, OURS } from "../drivers/registry.js";
import type { Options } from "../options.js";
import { LONG } from "../workloads/workload.js";
import { importInto, measured, type PartResult } from "./measured.js";

const MESSAGES = 1_000_000;
const LONG_MESSAGES = 100_000;

/** What the worker holds with a large database open: after opening, and after a long history was read from it. */
export async function measureMemory(options: Options): Promise<PartResult> {
  if (options.browser.name !== "chromium") throw new Error("Only Chromium tells how much memory a worker holds.");
  const [messages, long] = options.quick ? [MESSAGES / 100, LONG_MESSAGES / 100] : [MESSAGES, LONG_MESSAGES];
  // Otherwise it measures when it likes.
  const { launch } = options.browser;
  const args = [...(launch.args ?? []), "--enable-blink-features=ForceEagerMeasureMemory"];
  const launched = { ...options.browser, launch: { ...launch, args } };
  return measured({ [OURS]: DRIVERS[OURS]! }, launched, async ({ site, browser, folder, measurements }) => {
    const note = async (when: string, page: Page) => {
      const bytes = await page.evaluate(() => bench.workerMemory());
      measurements.add(OURS, { [`${when}, MB`]: bytes / 1e6 });
    };
    const file = join(folder, "memory.sqlite");
    await makeDatabaseFile(file, sessions(messages, long));
    const url = site.url(OURS, "memory");
    await importInto(browser, url, file);
    await browser.withPage(url, async (page) => {
      await page.evaluate(() => bench.openTime());
      await note("opened", page);
      const read = await page.evaluate((session) => bench.read(session), LONG);
      if (read !== long) throw new Error(`Wrong answer: ${read} messages instead of ${long}.`);
      await note("history read", page);
    });
  });
}

function* sessions(messages: number, long: number): Generator<Session> {
  const longMessages = Array.from({ length: long }, (_, position) => makeShortMessage(LONG, position));
  yield { id: LONG, createdAt: createdAt(0), messages: longMessages };
  yield* shortSessions(messages - long);
}
