import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDatabaseFile } from "../data/database-file.js";
import { makeMessages, makeSession } from "../data/messages.js";
import { DRIVERS, OURS } from "../drivers/registry.js";
import { Measurements } from "../measurements.js";
import type { Options } from "../options.js";
import { startBrowser } from "../running-browser.js";
import { serveSite } from "../site.js";
import { LONG } from "../workloads/workload.js";

/** How long the page is blocked by our code, with a long history and with a large message. */
export async function measureMainThread(options: Options): Promise<{ measurements: Measurements; browser: string }> {
  const { scale } = options;
  const site = await serveSite({ [OURS]: DRIVERS[OURS]! });
  const browser = await startBrowser(options.browser);
  const folder = await mkdtemp(join(tmpdir(), "axio-context-opfs-bench-"));
  const measurements = new Measurements();
  try {
    const file = join(folder, "long.sqlite");
    await makeDatabaseFile(file, [{ ...makeSession(0, 0), id: LONG, messages: makeMessages(LONG, 0, scale.long) }]);
    for (let round = 0; round < scale.rounds; round++) {
      const url = site.url(OURS, `blocks-${round}`);
      await browser.withPage(url, async (page) => {
        await page.setInputFiles("input", file);
        await page.evaluate(() => bench.importFile());
        await page.evaluate(() => bench.close());
      });
      const blocks = await browser.withPage(url, (page) => page.evaluate((given) => bench.blocks(given), scale));
      measurements.add(OURS, blocks);
    }
    return { measurements, browser: browser.version };
  } finally {
    await browser.stop();
    await site.stop();
    await rm(folder, { recursive: true });
  }
}
