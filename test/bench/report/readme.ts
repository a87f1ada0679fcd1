import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Measurements } from "../measurements.js";
import { PARTS } from "../options.js";
import { barChart } from "./bars.js";
import { lineChart } from "./lines.js";
import { DRIVERS } from "../drivers/registry.js";
import { KEPT, readResults, type Result, writeText } from "./results.js";
import { circumstance, section, summary } from "./sections.js";

const ROOT = join(import.meta.dirname, "../../..");
const README = join(ROOT, "README.md");
const ALL = join(ROOT, "test/bench/RESULTS.md");
const BEGIN = "<!-- bench: written by `npm run bench -- --write` -->";
const END = "<!-- /bench -->";
const GROWING = ["append", "last", "list", "search", "open"];

/** Draws the charts, and puts the kept results into RESULTS.md, and what is most of them into the README. */
export function updateReadme(): void {
  const results = readResults(KEPT);
  const { rivals, growth } = results;
  const parts = PARTS.flatMap((part) => (results[part] ? [section(results[part])] : []));
  const chosen: string[] = [];
  if (rivals) {
    writeText(join(KEPT, "speed.svg"), barChart(rivals.measurements, DRIVERS, plain(rivals)));
    chosen.push("![Bars: the times of axio-context-opfs and of other stores](test/bench/results/speed.svg)");
    chosen.push(summary(rivals));
  }
  if (growth) {
    writeText(join(KEPT, "growth.svg"), growthChart(growth.measurements, plain(growth)));
    chosen.push("![Lines: the time of a call by the size of the database](test/bench/results/growth.svg)");
  }
  fill(README, chosen);
  fill(ALL, parts);
  execFileSync("node_modules/.bin/oxfmt", [README, ALL, KEPT]);
}

function growthChart(measurements: Measurements, note: string): string {
  const sizes = Object.keys(measurements.values);
  const lines = GROWING.map((title) => ({ title, values: sizes.map((size) => measurements.median(size, title)!) }));
  return lineChart(sizes.map(Number), lines, note);
}

function plain({ circumstances }: Result): string {
  return circumstance(circumstances).replaceAll("`", "");
}

/** Puts this between the marks of a document. */
function fill(file: string, sections: readonly string[]): void {
  const document = readFileSync(file, "utf8");
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for the figures: ${BEGIN} … ${END}.`);
  writeFileSync(
    file,
    `${document.slice(0, begin + BEGIN.length)}\n\n${sections.join("\n\n")}\n\n${document.slice(end)}`,
  );
}
