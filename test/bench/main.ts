import { cpus } from "node:os";
import { DRIVERS } from "./drivers/registry.js";
import { HELP, type Options, parseOptions, type Part } from "./options.js";
import { measureChat } from "./parts/chat.js";
import { measureFull } from "./parts/full.js";
import { measureGrowth } from "./parts/growth.js";
import { measureMainThread } from "./parts/main-thread.js";
import type { PartResult } from "./parts/measured.js";
import { measureMemory } from "./parts/memory.js";
import { measureRivals } from "./parts/rivals.js";
import { measureTabs } from "./parts/tabs.js";
import { updateReadme } from "./report/readme.js";
import { KEPT, LATEST, type Result, writeResult } from "./report/results.js";
import { section } from "./report/sections.js";

type Measure = (options: Options) => Promise<PartResult>;

const MEASURES: Readonly<Record<Part, Measure>> = {
  rivals: (options) => measureRivals(DRIVERS, options),
  full: measureFull,
  tabs: measureTabs,
  "main-thread": measureMainThread,
  memory: measureMemory,
  chat: measureChat,
  growth: measureGrowth,
};

/** The command. Resolves to its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (!options) {
    console.log(HELP);
    return 0;
  }
  let failures = 0;
  for (const part of options.parts) {
    const { measurements, browser } = await MEASURES[part](options);
    const result = { part, circumstances: circumstances(options, browser), measurements } satisfies Result;
    writeResult(LATEST, result);
    if (options.write) writeResult(KEPT, result);
    console.log(`\n${section(result)}`);
    failures += measurements.failures.length;
  }
  if (options.write) updateReadme();
  return failures === 0 ? 0 : 1;
}

function circumstances({ command }: Options, browser: string) {
  const all = cpus();
  return {
    browser,
    cores: all.length,
    processor: all[0]?.model ?? "unknown",
    date: new Date().toISOString().slice(0, 10),
    command,
  };
}
