import { type DriverInfo, OURS } from "../drivers/registry.js";
import type { Measurements } from "../measurements.js";
import { type Outcome, rounded } from "./goals.js";
import { ROWS, type TableRow } from "./rows.js";

/** The medians of these drivers, a row for each figure, as Markdown. */
export function figuresTable(
  measurements: Measurements,
  drivers: Readonly<Record<string, DriverInfo>>,
  shown: readonly TableRow[] = ROWS,
): string {
  const names = Object.keys(drivers).filter((name) => measurements.values[name]);
  const rows = shown.flatMap(([name, title]) => {
    const values = names.map((driver) => measurements.median(driver, name));
    if (values.every((value) => value === undefined)) return [];
    return [[title, ...values.map((value) => (value === undefined ? "–" : rounded(value)))]];
  });
  return table(["ms, unless it says otherwise", ...names.map((name) => drivers[name]!.title)], rows);
}

/** What is to be reached, and whether it is. */
export function outcomesTable(outcomes: readonly Outcome[], titles: ReadonlyMap<string, string>): string {
  const rows = outcomes.map(({ goal, text, found, reached }) => {
    const stretch = goal.stretch ? " (stretch)" : "";
    return [titles.get(goal.name) ?? goal.name, text + stretch, found, reached ? "reached" : "**not reached**"];
  });
  return table(["", "Goal", "Found", ""], rows);
}

/** In which figures a rival is ahead of us: one sentence each. */
export function slowerThan(
  measurements: Measurements,
  drivers: Readonly<Record<string, DriverInfo>>,
  shown: readonly TableRow[] = ROWS,
): string[] {
  return shown.flatMap(([name, title]) => {
    const ours = measurements.median(OURS, name);
    if (ours === undefined) return [];
    const ahead = Object.entries(drivers).flatMap(([driver, info]) => {
      const value = measurements.median(driver, name);
      const isRival = driver !== OURS && !driver.startsWith("floor");
      return isRival && value !== undefined && value < ours ? [`${info.title} (${rounded(value)})`] : [];
    });
    return ahead.length > 0 ? [`${title}: ${rounded(ours)}, behind ${ahead.join(", ")}.`] : [];
  });
}

/** A Markdown table; all columns but the first are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(" | ")} |`;
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}
