import { join } from "node:path";
import { makeDatabaseFile } from "../data/database-file.js";
import { makeMessages, makeSession } from "../data/messages.js";
import { DRIVERS, OURS } from "../drivers/registry.js";
import type { Options } from "../options.js";
import { LONG } from "../workloads/workload.js";
import { importInto, measured, type PartResult } from "./measured.js";

/** How long the page is blocked by our code, with a long history and with a large message. */
export async function measureMainThread(options: Options): Promise<PartResult> {
  const { scale } = options;
  return measured({ [OURS]: DRIVERS[OURS]! }, options.browser, async ({ site, browser, folder, measurements }) => {
    const file = join(folder, "long.sqlite");
    await makeDatabaseFile(file, [{ ...makeSession(0, 0), id: LONG, messages: makeMessages(LONG, 0, scale.long) }]);
    for (let round = 0; round < scale.rounds; round++) {
      const url = site.url(OURS, `blocks-${round}`);
      await importInto(browser, url, file);
      const blocks = await browser.withPage(url, (page) => page.evaluate((given) => bench.blocks(given), scale));
      measurements.add(OURS, blocks);
    }
  });
}
