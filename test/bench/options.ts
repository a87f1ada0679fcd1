import { parseArgs } from "node:util";
import { type Browser, chromium, firefox } from "../browsers.js";
import { DRIVERS } from "./drivers/registry.js";
import { OUTER_WORKLOADS, WORKLOADS } from "./workloads/index.js";
import type { Scale } from "./workloads/workload.js";

export const HELP = `npm run bench [-- part ...] [--browser chromium|firefox] [--quick] [--rounds 3]
  [--drivers a,b] [--workloads a,b] [--most 1000000] [--write]

Parts (default: rivals full tabs main-thread memory chat; growth takes longest):
  rivals       the workloads with every driver
  full         appends that are flushed before they are acknowledged
  tabs         the workloads in a tab that does not own the database
  main-thread  how long the page is blocked by long histories and large messages
  memory       what the worker holds
  chat         what the search index, streaming and paging cost
  growth       the same calls with 1,000 to 1,000,000 messages in the database, or to --most

Workloads: ${[...WORKLOADS.map(({ name }) => name), ...OUTER_WORKLOADS].join(", ")}
Drivers: ${Object.keys(DRIVERS).join(", ")}

Prints tables, and leaves the figures in dist/bench/<part>.json; --write puts them into the README and test/bench/results.`;

export const PARTS = ["rivals", "full", "tabs", "main-thread", "memory", "chat", "growth"] as const;
export type Part = (typeof PARTS)[number];

const USUAL = { appends: 1000, limit: 3000, sessions: 1000, perSession: 20, long: 20_000, loads: 5, rounds: 3 };
const QUICK = { appends: 100, limit: 1000, sessions: 100, perSession: 20, long: 1000, loads: 2, rounds: 1 };

/** What the command was asked for. */
export interface Options {
  readonly parts: readonly Part[];
  readonly browser: Browser;
  readonly quick: boolean;
  readonly scale: Scale;
  readonly drivers: readonly string[];
  /** Names of workloads. */
  readonly workloads: ReadonlySet<string>;
  /** How many messages the largest of the growing databases holds, at most. */
  readonly most: number;
  /** Whether the results go into the repository. */
  readonly write: boolean;
  /** The command as it was given. */
  readonly command: string;
}

/** Throws a sentence for what the command does not know; undefined: help is asked for. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      browser: { type: "string", default: "chromium" },
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      most: { type: "string" },
      drivers: { type: "string" },
      workloads: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const scale = values.quick ? QUICK : USUAL;
  const usual = PARTS.filter((part) => part !== "growth");
  return {
    parts: positionals.length > 0 ? positionals.map((part) => oneOf("part", PARTS, part)) : usual,
    browser: oneOf("browser", [chromium, firefox], values.browser, ({ name }) => name),
    quick: values.quick,
    scale: { ...scale, rounds: Number(values.rounds ?? scale.rounds) },
    most: Number(values.most ?? (values.quick ? 10_000 : 1_000_000)),
    drivers: listed("driver", Object.keys(DRIVERS), values.drivers),
    workloads: new Set(
      listed("workload", [...WORKLOADS.map(({ name }) => name), ...OUTER_WORKLOADS], values.workloads),
    ),
    write: values.write,
    command: ["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" "),
  };
}

function listed(what: string, all: readonly string[], list: string | undefined): readonly string[] {
  return list === undefined ? all : list.split(",").map((name) => oneOf(what, all, name));
}

function oneOf<Value>(what: string, all: readonly Value[], name: string, nameOf = (value: Value) => String(value)) {
  const found = all.find((value) => nameOf(value) === name);
  if (found === undefined) throw new Error(`There is no ${what} "${name}", only ${all.map(nameOf).join(", ")}.`);
  return found;
}
