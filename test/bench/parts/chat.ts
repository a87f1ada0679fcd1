import { join } from "node:path";
import { makeDatabaseFile } from "../data/database-file.js";
import { createdAt } from "../data/messages.js";
import { makeShortMessage } from "../data/short-messages.js";
import { DRIVERS, OURS } from "../drivers/registry.js";
import type { Options } from "../options.js";
import type { ChatScale } from "../page/chat-costs.js";
import { LONG } from "../workloads/workload.js";
import { measured, type PartResult } from "./measured.js";

const USUAL: ChatScale = { appends: 500, turns: 4, indexed: 10_000, answer: 100_000, updates: 4000 };
const QUICK: ChatScale = { ...USUAL, appends: 100, turns: 1, indexed: 500 };

/** Messages of the sessions that are read page by page. */
const SHORT = 1000;
const LARGE = 100_000;

const LIMIT = 600_000;

/** What the search index costs an append, streaming an answer, and a page a long session. */
export async function measureChat(options: Options): Promise<PartResult> {
  const scale = options.quick ? QUICK : USUAL;
  return measured({ [OURS]: DRIVERS[OURS]! }, options.browser, async ({ site, browser, folder, measurements }) => {
    const url = site.url(OURS, "chat");
    const run = async (work: Parameters<typeof browser.withPage>[1]) => browser.withPage(url, work, LIMIT);
    await run(async (page) => {
      measurements.add(OURS, await page.evaluate((given) => bench.indexCosts(given), scale));
      measurements.add(OURS, await page.evaluate((given) => bench.streamCosts(given), scale));
    });
    for (const length of [SHORT, LARGE]) {
      const file = join(folder, `${length}.sqlite`);
      const messages = Array.from({ length }, (_, position) => makeShortMessage(LONG, position));
      await makeDatabaseFile(file, [{ id: LONG, createdAt: createdAt(0), messages }]);
      await run(async (page) => {
        await page.setInputFiles("input", file);
        measurements.add(OURS, await page.evaluate((given) => bench.pageCosts(given), length));
      });
    }
  });
}
