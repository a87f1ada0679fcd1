/** What a row of a table says. The name is that of the figure. */
export type TableRow = readonly [name: string, title: string];

/** All rows, in the order of the table. */
export const ROWS: readonly TableRow[] = [
  ["append", "Append, p50"],
  ["append p95", "Append, p95"],
  ["append-long", "Append at 20,000 messages, p50"],
  ["append-long p95", "Append at 20,000 messages, p95"],
  ["burst", "1,000 appends at once"],
  ["history cold", "History of 1,000, first"],
  ["history warm", "History of 1,000, again"],
  ["history changed", "History of 1,000, after a write"],
  ["last cold", "Last 50 of 20,000, first"],
  ["last warm", "Last 50 of 20,000, again"],
  ["last changed", "Last 50 of 20,000, after a write"],
  ["list cold", "List of 1,000 sessions, first"],
  ["list warm", "List of 1,000 sessions, again"],
  ["list changed", "List of 1,000 sessions, after a write"],
  ["load", "Page load to the last 50"],
  ["load second", "The same in a second tab"],
  ["fork", "Fork of 1,000"],
  ["search cold", "Search in 20,000, first"],
  ["search warm", "Search in 20,000, again"],
  ["search typed", "Search in 20,000, as it is typed"],
  ["burst blocked", "Main thread late in the burst"],
  ["history blocked", "Main thread late in the history"],
  ["size MB", "On disk, MB"],
  ["download kB", "Code and wasm after gzip, kB"],
  ["download page kB", "Of that in the page's own bundle, kB"],
];

/** What a reader of the README compares first. */
const CHOSEN: ReadonlySet<string> = new Set([
  "append",
  "burst",
  "history cold",
  "history warm",
  "last cold",
  "last warm",
  "list cold",
  "list warm",
  "load",
  "load second",
  "fork",
  "search warm",
  "size MB",
  "download kB",
]);

export const CHOSEN_ROWS: readonly TableRow[] = ROWS.filter(([name]) => CHOSEN.has(name));
