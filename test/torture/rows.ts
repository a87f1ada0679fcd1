import { Fates } from "./fate.js";
import { type Entry, isBefore, type Span } from "./journal.js";
import { numberOf, type Row } from "./operations.js";
import type { Violation } from "./violation.js";

/** What somebody found in a session, and when. */
export interface Finding {
  readonly what: string;
  readonly session: string;
  readonly rows: readonly Row[];
  readonly at: Span;
  /** Whether the rows are all that there were, not only the first of them. */
  readonly isWhole: boolean;
  /** Whether these are the rows themselves, not copies. */
  readonly isOriginal: boolean;
}

/** Holds the rows against the calls that concern the session. */
export function checkRows(finding: Finding, entries: readonly Entry[]): Violation[] {
  const { session, what } = finding;
  const writes = entries.filter(({ operation, keys }) => operation.session === session && keys.length > 0);
  const violations: Violation[] = [];
  const report = (kind: Violation["kind"], key: string, detail: string) =>
    violations.push({ kind, detail: `${key} in ${session} (${what}): ${detail}` });
  const found = countKeys(finding, writes, report);
  checkFates(finding, { writes, fates: new Fates(session, entries, finding.at), found }, report);
  const isEdited = entries.some(({ operation: { kind } }) => kind === "replace" || kind === "truncate");
  checkOrder(finding, { writes, isEdited }, report);
  checkStreams(finding, entries, report);
  return violations;
}

interface Writes {
  readonly writes: readonly Entry[];
  /** Whether rows were also removed one by one. */
  readonly isEdited: boolean;
}

type ReportKey = (kind: Violation["kind"], key: string, detail: string) => void;

function countKeys({ rows, isOriginal }: Finding, writes: readonly Entry[], report: ReportKey): Map<string, Row> {
  const expected = new Map(writes.flatMap((entry) => entry.keys.map((key) => [key, entry] as const)));
  const found = new Map<string, Row>();
  for (const row of rows) {
    const { key } = row;
    const entry = expected.get(key);
    if (!entry) report("unexplained", key, "nobody wrote it here.");
    else if (found.has(key)) report("doubled", key, `rows ${found.get(key)!.id} and ${row.id}; ${describe(entry)}`);
    else if (!row.isIntact) report("altered", key, "text, role or uid are not those that were written.");
    // What was made again after others had cleared it is another row.
    else if (isOriginal && !entry.answer?.repeated && (entry.answer?.row ?? row.id) !== row.id)
      report("doubled", key, `acknowledged as row ${entry.answer?.row}, it is row ${row.id}; ${describe(entry)}`);
    found.set(key, row);
  }
  return found;
}

interface Expectation {
  readonly writes: readonly Entry[];
  readonly fates: Fates;
  readonly found: ReadonlyMap<string, Row>;
}

function checkFates({ isWhole }: Finding, { writes, fates, found }: Expectation, report: ReportKey): void {
  for (const write of writes) {
    const { keys } = write;
    const present = keys.filter((key) => found.has(key)).length;
    const fate = fates.of(write);
    if (fate === "absent" && present > 0) report("resurrected", keys[0]!, describe(write));
    if (fate === "present" && present < keys.length && isWhole) report("lost", keys[0]!, describe(write));
    if (present > 0 && present < keys.length && isWhole)
      report("torn", keys[0]!, `${present} of ${keys.length} rows are there; ${describe(write)}`);
  }
}

// Calls of a page are carried out in the order in which they were made, and a clear removes all before it: what is left of
// a page in a session is an unbroken run of what it wrote there. Edits leave gaps, and what overwrites has another's place.
function checkOrder({ rows }: Finding, { writes, isEdited }: Writes, report: ReportKey): void {
  for (const [life, keys] of ordered(writes.filter(({ operation }) => operation.kind !== "replace"))) {
    const places = new Map(keys.map((key, place) => [key, place]));
    let next: number | undefined;
    for (const { key } of rows) {
      const place = places.get(key);
      if (place === undefined) continue;
      const isNext = next === undefined || place === next || (isEdited && place > next);
      if (!isNext) report("disordered", key, `of page ${life}, ${keys[next!]} comes next.`);
      next = place + 1;
    }
  }
}

/** Of what was streamed, a finished message is whole; others may be as far as they came. */
function checkStreams({ rows, at }: Finding, entries: readonly Entry[], report: ReportKey): void {
  const begun = new Set(entries.filter(({ operation }) => operation.kind === "begin").flatMap(({ keys }) => keys));
  const finishes = new Map(
    entries.flatMap((entry) => (entry.operation.kind === "finish" ? [[entry.operation.of, entry] as const] : [])),
  );
  for (const { key, isPartial } of rows) {
    const finish = finishes.get(key);
    if (isPartial && !begun.has(key)) report("altered", key, "it is partial, and was never streamed.");
    if (isPartial && finish?.isDone && isBefore(finish, at)) report("torn", key, `partial; finish ${describe(finish)}`);
    if (!isPartial && begun.has(key) && !finish) report("altered", key, "it is complete, and was never finished.");
  }
}

/** The keys that each life wrote, in order; no lives of which a call was refused. */
function ordered(writes: readonly Entry[]): Map<number, string[]> {
  const lives = new Map<number, Entry[]>();
  for (const entry of writes) {
    const known = lives.get(entry.life);
    if (known) known.push(entry);
    else lives.set(entry.life, [entry]);
  }
  const keys = new Map<number, string[]>();
  for (const [life, entries] of lives) {
    if (entries.some(({ answer }) => answer?.outcome === "unknown" || answer?.outcome === "not-applied")) continue;
    if (entries.some(({ isRepeated }) => isRepeated)) continue;
    entries.sort((a, b) => numberOf(a.operation) - numberOf(b.operation));
    keys.set(
      life,
      entries.flatMap((entry) => entry.keys),
    );
  }
  return keys;
}

function describe({ start, end, answer }: Entry): string {
  const ended = answer ? `${answer.outcome} at ${end.toFixed(1)}` : `never answered, settled at ${end.toFixed(1)}`;
  return `issued at ${start.toFixed(1)}, ${ended}.`;
}
