import { parseArgs } from "node:util";
import { type Browser, chromium, firefox } from "../browsers.js";
import { crowd, type CrowdOptions } from "./crowd.js";
import { percentiles, report } from "./report.js";
import { torture } from "./torture.js";

const HELP = `npm run torture -- [--browser chromium|firefox] [--kills 200] [--tabs 4] [--seed N] [--gentle]
npm run torture -- [--browser chromium|firefox] --crowd 500 [--tabs 8] [--gentle]

Lets tabs of a real browser write to one database, kills them at random moments, and checks what is left.
The same seed gives the same calls and kinds of death; the moments are the machine's. Ctrl-C ends it early, and checks
what is left by then.
With --gentle each tab makes one call at a time: what a hand-over takes by itself, where the tabs do little else.
With --crowd nobody dies: each tab appends so many messages, half of them to a shared session; with --gentle one at a
time, with a rest after each.`;

/** The command. Resolves to its exit code. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      browser: { type: "string", default: "chromium" },
      kills: { type: "string", default: "200" },
      tabs: { type: "string" },
      crowd: { type: "string" },
      gentle: { type: "boolean", default: false },
      seed: { type: "string", default: String(Date.now() % 2 ** 31) },
      help: { type: "boolean", default: false },
    },
  });
  const browser = [chromium, firefox].find(({ name }) => name === values.browser);
  if (values.help || !browser) {
    console.log(HELP);
    return values.help ? 0 : 1;
  }
  if (values.crowd === undefined) return runTorture(browser, values);
  return runCrowd({
    browser,
    tabs: Number(values.tabs ?? 8),
    each: Number(values.crowd),
    isGentle: values.gentle,
  });
}

interface TortureValues {
  readonly kills: string;
  readonly tabs?: string;
  readonly seed: string;
  readonly gentle: boolean;
}

async function runTorture(browser: Browser, values: TortureValues): Promise<number> {
  const [kills, tabs, seed] = [Number(values.kills), Number(values.tabs ?? 4), Number(values.seed)];
  console.log(`${browser.name}, seed ${seed}`);
  const onDeath = (death: string, number: number) => console.log(`${number}/${kills} ${death}`);
  const interrupt = new AbortController();
  process.once("SIGINT", () => interrupt.abort());
  const { gentle: isGentle } = values;
  const result = await torture({ browser, kills, tabs, seed, isGentle, onDeath, signal: interrupt.signal });
  console.log(report(result));
  if (result.violations.length === 0) return 0;
  console.error(
    `Violated; again with --browser ${browser.name} --kills ${kills} --tabs ${tabs} --seed ${seed}${isGentle ? " --gentle" : ""}`,
  );
  return 1;
}

async function runCrowd(options: CrowdOptions): Promise<number> {
  const { appended, reads, forks, milliseconds, delays, violations } = await crowd(options);
  console.log(
    `${options.browser.name}: ${options.tabs} tabs appended ${appended} messages in ${(milliseconds / 1000).toFixed(1)} s,`,
  );
  console.log(`with ${reads} reads and ${forks} forks between; ${violations.length} violations`);
  console.log(`Each other tab heard of an append, p50 / p95 / most, ms: ${percentiles(delays)}`);
  for (const { kind, detail } of violations) console.error(`${kind.toUpperCase()}: ${detail}`);
  return violations.length === 0 ? 0 : 1;
}
