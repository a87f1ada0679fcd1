import type { Journal } from "./journal.js";
import type { TortureResult } from "./torture.js";
import type { Violation } from "./violation.js";

/** How many violations are shown in full. */
const SHOWN = 20;

/** The result as a table, and what is wrong below it. */
export function report({ deaths, hangs, opens, slowSteps, journal, handOvers, violations }: TortureResult): string {
  const kinds = [...new Set(deaths.map(({ death }) => death))].sort();
  const durations = handOvers.map(({ milliseconds }) => milliseconds);
  const rows: [string, string | number][] = [
    ["deaths", deaths.length],
    ...kinds.map((kind): [string, string] => {
      const those = deaths.filter(({ death }) => death === kind);
      const measured = handOvers.filter(({ death }) => death === kind).map(({ milliseconds }) => milliseconds);
      const owners = those.filter(({ ofOwner }) => ofOwner).length;
      return [`  ${kind}`, `${those.length}, of the owner ${owners}; hand-over ${percentiles(measured)}`];
    }),
    ["hangs", hangs],
    ["hand-overs measured", durations.length],
    ["  p50 / p95 / most, ms", percentiles(durations)],
    ["opens", opens.length],
    ["  p50 / p95 / most, ms", percentiles(opens)],
    ["slow steps", slowSteps.length],
    ...slowSteps.map((step): [string, string] => ["", step]),
    ...calls(journal),
    ["violations", violations.length],
    ...countKinds(violations),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return [...table, ...violations.slice(0, SHOWN).map(({ kind, detail }) => `${kind.toUpperCase()}: ${detail}`)].join(
    "\n",
  );
}

function calls(journal: Journal): [string, number][] {
  const entries = [...journal.entries.values()];
  const writes = entries.filter(({ operation }) => operation.kind !== "read");
  const acknowledged = writes.filter(({ isDone }) => isDone);
  const kinds = [...new Set(acknowledged.map(({ operation }) => operation.kind))].sort();
  return [
    ["reads answered", entries.filter(({ operation, isDone }) => operation.kind === "read" && isDone).length],
    ["writes issued", writes.length],
    ["writes acknowledged", acknowledged.length],
    ...kinds.map((kind): [string, number] => [
      `  ${kind}`,
      acknowledged.filter(({ operation }) => operation.kind === kind).length,
    ]),
    ["writes refused", writes.filter(({ isRefused }) => isRefused).length],
    ["writes of unknown end", writes.filter(({ answer }) => answer?.outcome === "unknown").length],
    ["writes repeated", writes.filter(({ answer }) => answer?.repeated).length],
  ];
}

function countKinds(violations: readonly Violation[]): [string, number][] {
  const always = ["lost", "doubled", "resurrected"];
  const kinds = [...new Set([...always, ...violations.map(({ kind }) => kind)])];
  return kinds.map((kind) => [`  ${kind}`, violations.filter((violation) => violation.kind === kind).length]);
}

/** "p50 / p95 / most" */
export function percentiles(values: readonly number[]): string {
  if (values.length === 0) return "-";
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]!.toFixed(0);
  return `${at(0.5)} / ${at(0.95)} / ${at(1)}`;
}
