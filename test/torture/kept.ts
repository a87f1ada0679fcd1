import { numberOf, type Operation, type SessionState } from "./operations.js";
import type { Entry } from "./journal.js";
import type { Random } from "./random.js";
import type { Violation } from "./violation.js";

// A session that one page alone writes, one call after the other: what is in it after each call is known exactly. So all
// edits take part there, deletion, restoration and import included, each of them in flight when somebody dies.

/** What the page does next in its session. */
export type KeptStep =
  | { readonly do: "append" | "delete" | "restore" | "title" }
  | { readonly do: "truncate"; readonly length: number }
  | { readonly do: "replace"; readonly position: number }
  | { readonly do: "splice"; readonly start: number; readonly deleteCount: number; readonly count: number }
  /** The import of a file with the session's messages, and so many more. */
  | { readonly do: "extend"; readonly count: number };

const WEIGHTS = { append: 8, truncate: 2, replace: 4, splice: 4, delete: 2, title: 2, extend: 1 } as const;

/** What is in the session. */
export interface Kept {
  readonly rows: readonly string[];
  readonly title?: string | undefined;
  /** What was deleted, and can be restored. */
  readonly deleted?: Kept | undefined;
}

export const NOTHING: Kept = { rows: [] };

/** A step that is possible. The session is never left empty but by a deletion. */
export function nextStep({ rows, deleted }: Kept, random: Random): KeptStep {
  if (rows.length === 0) return { do: deleted && random.below(3) > 0 ? "restore" : "append" };
  const step = random.weighted(WEIGHTS);
  const position = random.below(rows.length);
  if (step === "truncate") return { do: step, length: position + 1 };
  if (step === "replace") return { do: step, position };
  if (step === "extend") return { do: step, count: 1 + random.below(3) };
  if (step !== "splice") return { do: step };
  return { do: step, start: position, deleteCount: random.below(rows.length - position), count: random.below(3) };
}

/** The keys of the rows that a step adds. */
export function keysOfStep(id: string, step: KeptStep): string[] {
  if (step.do === "append") return [id];
  if (step.do === "replace") return [`${id}.0`];
  if (step.do !== "splice" && step.do !== "extend") return [];
  return Array.from({ length: step.count }, (_, place) => `${id}.${place}`);
}

/** What is in the session after the step. */
export function afterStep(kept: Kept, id: string, step: KeptStep): Kept {
  const { rows, title, deleted } = kept;
  const added = keysOfStep(id, step);
  switch (step.do) {
    case "append":
    case "extend":
      return { ...kept, rows: [...rows, ...added] };
    case "truncate":
      return { ...kept, rows: rows.slice(0, step.length) };
    case "replace":
      return { ...kept, rows: rows.toSpliced(step.position, 1, ...added) };
    case "splice":
      return { ...kept, rows: rows.toSpliced(step.start, step.deleteCount, ...added) };
    case "title":
      return { ...kept, title: id };
    case "delete":
      return { rows: [], deleted: { rows, title } };
    case "restore":
      break;
  }
  return deleted!;
}

/** Holds such a session against its calls: all that were acknowledged, and perhaps the last one that was not. */
export function checkKept({ session, rows, title }: SessionState, entries: readonly Entry[]): Violation[] {
  let kept = NOTHING;
  let perhaps: Kept | undefined;
  for (const entry of entries.toSorted((a, b) => numberOf(a.operation) - numberOf(b.operation))) {
    const after = afterStep(kept, entry.operation.id, stepOf(entry.operation));
    if (entry.isDone) kept = after;
    else if (!entry.isRefused) perhaps = after;
  }
  const there = describe({ rows: rows.map(({ key }) => key), title });
  const possible = [kept, ...(perhaps ? [perhaps] : [])].map(describe);
  const violations = rows
    .filter(({ isIntact, isPartial }) => !isIntact || isPartial)
    .map(({ key }): Violation => ({ kind: "altered", detail: `${key} in ${session}.` }));
  if (possible.includes(there)) return violations;
  return [...violations, { kind: "kept", detail: `${session} is ${there}, not ${possible.join(" or ")}.` }];
}

function stepOf(operation: Operation): KeptStep {
  if (operation.kind !== "keep") throw new Error(`${operation.id} is no call of a session that a page has for itself.`);
  return operation.step;
}

function describe({ rows, title = "" }: Kept): string {
  return `"${title}" ${rows.join(" ")}`;
}
