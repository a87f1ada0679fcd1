import { rm } from "node:fs/promises";
import { join } from "node:path";
import { makeDatabaseFile } from "../data/database-file.js";
import { sessionsOf, shortSessions } from "../data/short-messages.js";
import { DRIVERS, OURS } from "../drivers/registry.js";
import type { Options } from "../options.js";
import { importInto, measured, type PartResult } from "./measured.js";

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const OPENINGS = 5;

/** The calls of a chat on databases of growing size. Each size is a driver of its own in the measurements. */
export async function measureGrowth(options: Options): Promise<PartResult> {
  return measured({ [OURS]: DRIVERS[OURS]! }, options.browser, async ({ site, browser, folder, measurements }) => {
    for (const size of SIZES.filter((messages) => messages <= options.most)) {
      process.stderr.write(`${size} messages\n`);
      const file = join(folder, `${size}.sqlite`);
      await makeDatabaseFile(file, shortSessions(size));
      const url = site.url(OURS, `growth-${size}`);
      const begin = performance.now();
      await importInto(browser, url, file);
      measurements.add(String(size), { "import and index, s": (performance.now() - begin) / 1000 });
      await rm(file);
      for (let opening = 0; opening < OPENINGS; opening++) {
        const open = await browser.withPage(url, async (page) => {
          const time = await page.evaluate(() => bench.openTime());
          await page.evaluate(() => bench.close());
          return time;
        });
        measurements.add(String(size), { open });
      }
      const figures = await browser.withPage(url, (page) =>
        page.evaluate((sessions) => bench.growth(sessions), sessionsOf(size)),
      );
      measurements.add(String(size), figures);
    }
  });
}
