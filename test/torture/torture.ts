import type { Browser } from "../browsers.js";
import type { Death } from "./deaths.js";
import { HandOvers } from "./hand-over.js";
import { Journal } from "./journal.js";
import { Random } from "./random.js";
import { Recorder } from "./recorder.js";
import { Run } from "./run.js";
import { RunningBrowser } from "./running-browser.js";
import { serveSite } from "./site.js";
import type { Violation } from "./violation.js";

export interface TortureOptions {
  readonly browser: Browser;
  readonly kills: number;
  readonly seed: number;
  readonly tabs: number;
  /** Each tab makes one call at a time, and a death comes when the next owner has had the time to prepare itself. */
  readonly isGentle?: boolean;
  /** Ends it before all those deaths; what is left is checked all the same. */
  readonly signal?: AbortSignal;
  readonly onDeath?: (death: Death, number: number) => void;
}

/** What came of it. */
export interface TortureResult {
  readonly deaths: readonly { readonly death: Death; readonly ofOwner: boolean }[];
  /** How often the owner's process stood still for a while. */
  readonly hangs: number;
  /** Milliseconds that each opening of the database took. */
  readonly opens: readonly number[];
  /** What the browser took long for: closing a tab, a navigation. */
  readonly slowSteps: readonly string[];
  readonly journal: Journal;
  readonly handOvers: HandOvers["durations"];
  readonly violations: readonly Violation[];
}

/** Lets tabs of a real browser write to one database, kills them at random moments, and checks what is left. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const site = await serveSite();
  const journal = new Journal();
  const handOvers = new HandOvers(journal);
  const recorder = await Recorder.start((report) => {
    journal.add(report);
    handOvers.observe(report);
  });
  const browser = await RunningBrowser.start(options.browser);
  try {
    const random = new Random(options.seed);
    const run = new Run({ ...options, browser, site, journal, handOvers, recorder, random });
    await run.run();
    return { ...run.result, journal, handOvers: handOvers.durations };
  } finally {
    await browser.close();
    recorder.stop();
    await site.stop();
  }
}
