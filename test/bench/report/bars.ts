import { type DriverInfo, OURS } from "../drivers/registry.js";
import type { Measurements } from "../measurements.js";
import { rounded } from "./goals.js";
import { svg, text } from "./svg.js";

const WIDTH = 860;
const COLUMNS = 2;
const LABEL = 118;
const VALUE = 60;
const BAR = 15;
const HEAD = 28;

/** What the chart shows; the other figures are in the table. */
const SHOWN: readonly (readonly [name: string, title: string])[] = [
  ["append", "Append, ms"],
  ["burst", "1,000 appends at once, ms"],
  ["history cold", "History of 1,000, ms"],
  ["last warm", "Last 50 of 20,000, ms"],
  ["list warm", "List of 1,000 sessions, ms"],
  ["load", "Page load to the last 50, ms"],
  ["fork", "Fork of 1,000, ms"],
  ["search warm", "Search in 20,000, ms"],
];

/** Bars on a logarithmic scale: the rivals are up to a thousand times apart. */
export function barChart(
  measurements: Measurements,
  drivers: Readonly<Record<string, DriverInfo>>,
  note: string,
): string {
  const names = Object.keys(drivers).filter((name) => measurements.values[name]);
  const shown = SHOWN.filter(([name]) => measurements.median(OURS, name) !== undefined);
  const panelHeight = HEAD + names.length * BAR + 18;
  const rows = Math.ceil(shown.length / COLUMNS);
  const panels = shown.flatMap(([name, title], index) => {
    const x = (index % COLUMNS) * (WIDTH / COLUMNS);
    const y = 40 + Math.floor(index / COLUMNS) * panelHeight;
    return panel(measurements, names, drivers, { name, title, x, y });
  });
  const height = 40 + rows * panelHeight + 24;
  return svg(WIDTH, height, "Milliseconds of axio-context-opfs and of other stores, shorter is better", [
    text(12, 22, "Shorter is better, logarithmic", 'class="title"'),
    ...panels,
    text(12, height - 10, note, 'class="note"'),
  ]);
}

interface Panel {
  readonly name: string;
  readonly title: string;
  readonly x: number;
  readonly y: number;
}

function panel(
  measurements: Measurements,
  names: readonly string[],
  drivers: Readonly<Record<string, DriverInfo>>,
  { name, title, x, y }: Panel,
): string[] {
  const values = names.map((driver) => measurements.median(driver, name));
  const known = values.filter((value) => value !== undefined);
  const [low, high] = [Math.min(...known) / 2, Math.max(...known)];
  const room = WIDTH / COLUMNS - LABEL - VALUE - 24;
  const bars = names.flatMap((driver, index) => {
    const value = values[index];
    const top = y + HEAD + index * BAR;
    const label = text(x + 12, top + 11, drivers[driver]!.title.replace(" with envelope", ", envelope"));
    if (value === undefined) return [label, text(x + LABEL + 12, top + 11, "–", 'class="note"')];
    const width = Math.max(1, (room * Math.log(value / low)) / Math.log(high / low)).toFixed(1);
    const kind = driver === OURS ? "ours" : driver.startsWith("floor") ? "floor" : "rival";
    return [
      label,
      `<rect x="${x + LABEL + 12}" y="${top + 2}" width="${width}" height="${BAR - 4}" rx="2" class="${kind}"/>`,
      text(Math.round(x + LABEL + 18 + Number(width)), top + 11, rounded(value), 'class="note"'),
    ];
  });
  return [text(x + 12, y + 16, title, 'class="title"'), ...bars];
}
