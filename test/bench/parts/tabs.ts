import { join } from "node:path";
import type { Page } from "playwright";
import { makeDatabaseFile } from "../data/database-file.js";
import { makeMessages, makeSession, type Session } from "../data/messages.js";
import { DRIVERS, OURS } from "../drivers/registry.js";
import type { Measurements } from "../measurements.js";
import type { Options } from "../options.js";
import type { RunningBrowser } from "../running-browser.js";
import { WORKLOADS } from "../workloads/index.js";
import { LONG, type Scale, type State } from "../workloads/workload.js";
import { measured, type PartResult } from "./measured.js";

export const OWNER = "owner";
export const FOLLOWER = "follower";

const COMPARED = ["append", "burst", "history", "list", "last", "append-long"];

/** So long tabs have been open: what the browser, and the store, do after loading a page is over. */
const OPEN_MS = 2000;

/** Runs the workloads in the tab that owns the database, and in one that does not while the owner is open. */
export async function measureTabs(options: Options): Promise<PartResult> {
  const { scale } = options;
  return measured({ [OURS]: DRIVERS[OURS]! }, options.browser, async ({ site, browser, folder, measurements }) => {
    const file = join(folder, "tabs.sqlite");
    await makeDatabaseFile(file, allSessions(scale));
    for (let round = 0; round < scale.rounds; round++) {
      for (const role of round % 2 === 0 ? [OWNER, FOLLOWER] : [FOLLOWER, OWNER]) {
        const url = site.url(OURS, `${role}-${round}`);
        if (role === FOLLOWER) await measureOpenings(browser, url, scale, measurements);
        await browser.withPage(url, async (page) => {
          await page.setInputFiles("input", file);
          await page.evaluate(() => bench.importFile());
        });
        await runAll(browser, url, role, scale, measurements);
      }
    }
  });
}

/** From connect() to the answer of a first read, in a tab that is alone and in the next one. */
async function measureOpenings(
  browser: RunningBrowser,
  url: string,
  { loads }: Scale,
  measurements: Measurements,
): Promise<void> {
  // Makes the database.
  await browser.withPage(url, (page) => page.evaluate(() => bench.openTime()));
  for (let time = 0; time < loads; time++) {
    await browser.withPage(url, async (first) => {
      measurements.add(OWNER, { open: await first.evaluate(() => bench.openTime()) });
      await browser.withPage(url, async (second) => {
        measurements.add(FOLLOWER, { open: await second.evaluate(() => bench.openTime()) });
      });
    });
  }
}

/** Each workload in a page that has asked for nothing before. */
async function runAll(
  browser: RunningBrowser,
  url: string,
  role: string,
  scale: Scale,
  measurements: Measurements,
): Promise<void> {
  let state: State = { appended: 0, long: scale.long };
  const inRole = (use: (page: Page) => Promise<void>) =>
    onOpenPage(browser, url, async (page) => {
      await page.waitForTimeout(OPEN_MS);
      if (role === OWNER) return use(page);
      await onOpenPage(browser, url, async (follower) => {
        await follower.waitForTimeout(OPEN_MS);
        await use(follower);
      });
    });
  for (const { name } of WORKLOADS.filter((workload) => COMPARED.includes(workload.name))) {
    await inRole(async (page) => {
      const result = await page.evaluate(([workload, given, before]) => bench.run(workload, given, before), [
        name,
        scale,
        state,
      ] as const);
      state = result.state;
      const { burst, ...figures } = result.figures;
      // Each of the calls, as of the other workloads.
      measurements.add(role, burst === undefined ? figures : { ...figures, burst: burst / scale.appends });
    });
  }
}

function onOpenPage(browser: RunningBrowser, url: string, use: (page: Page) => Promise<void>): Promise<void> {
  return browser.withPage(url, async (page) => {
    await page.evaluate(async () => void (await bench.open()));
    await use(page);
  });
}

/** The sessions come last, so that they are alone in the list of their project; the long one stands in the same file. */
function* allSessions({ sessions, perSession, long }: Scale): Generator<Session> {
  for (let number = 0; number < sessions; number++) yield makeSession(number, perSession);
  yield { ...makeSession(0, 0), id: LONG, messages: makeMessages(LONG, 0, long) };
}
