import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Measurements } from "../measurements.js";
import { PARTS } from "../options.js";
import { barChart } from "./bars.js";
import { lineChart } from "./lines.js";
import { DRIVERS } from "../drivers/registry.js";
import { KEPT, readResults, type Result, writeText } from "./results.js";
import { circumstance, section } from "./sections.js";

const README = join(import.meta.dirname, "../../../README.md");
const BEGIN = "<!-- bench: written by `npm run bench -- --write` -->";
const END = "<!-- /bench -->";
const GROWING = ["append", "last", "list", "search", "open"];

/** Puts the kept results into the README, and draws the charts. */
export function updateReadme(): void {
  const results = readResults(KEPT);
  const { rivals, growth } = results;
  const sections = PARTS.flatMap((part) => (results[part] ? [section(results[part])] : []));
  if (rivals) {
    writeText(join(KEPT, "speed.svg"), barChart(rivals.measurements, DRIVERS, plain(rivals)));
    sections.unshift("![Bars: the times of axio-context-opfs and of other stores](test/bench/results/speed.svg)");
  }
  if (growth) {
    writeText(join(KEPT, "growth.svg"), growthChart(growth.measurements, plain(growth)));
    sections.push("![Lines: the time of a call by the size of the database](test/bench/results/growth.svg)");
  }
  writeFileSync(README, between(readFileSync(README, "utf8"), sections.join("\n\n")));
  execFileSync("node_modules/.bin/oxfmt", ["README.md", "test/bench/results"]);
}

function growthChart(measurements: Measurements, note: string): string {
  const sizes = Object.keys(measurements.values);
  const lines = GROWING.map((title) => ({ title, values: sizes.map((size) => measurements.median(size, title)!) }));
  return lineChart(sizes.map(Number), lines, note);
}

function plain({ circumstances }: Result): string {
  return circumstance(circumstances).replaceAll("`", "");
}

function between(readme: string, content: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The README has no place for the figures: ${BEGIN} … ${END}.`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${content}\n\n${readme.slice(end)}`;
}
