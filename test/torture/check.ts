import type { Entry, Journal, Span } from "./journal.js";
import { checkKept } from "./kept.js";
import type { SessionState } from "./operations.js";
import { checkRows } from "./rows.js";
import { checkTitle } from "./titles.js";
import { checkMeter, checkTokens } from "./tokens.js";
import type { Violation } from "./violation.js";

// What must be in the database, must not be there, or may be: all that the record of the calls decides.

/** Holds what a fresh connection read of every session, at the time of `at`, against the record. */
export function checkSessions(journal: Journal, states: readonly SessionState[], at: Span): Violation[] {
  const { sessions } = journal;
  return states.flatMap((state) => {
    const { session, rows } = state;
    const entries = sessions.get(session)!;
    if (session.startsWith("kept-")) return checkKept(state, entries);
    const fork = entries.find(({ operation }) => operation.kind === "fork" && operation.target === session);
    if (fork) return checkFork(state, { fork, entries, source: sessions.get(fork.operation.session)! }, at);
    const finding = { what: "in the end", session, rows, at, isWhole: true, isOriginal: true };
    const tokens = session.startsWith("meter-") ? checkMeter(state, entries) : checkTokens(state, entries, at);
    return [...checkRows(finding, entries), ...tokens, ...checkTitle(state, entries, at)];
  });
}

interface ForkRecord {
  readonly fork: Entry;
  /** The calls that concern the fork. */
  readonly entries: readonly Entry[];
  /** The calls that concern the session that it was made from. */
  readonly source: readonly Entry[];
}

/** A fork tells what was in its source when it was made. */
function checkFork(state: SessionState, { fork, entries, source }: ForkRecord, at: Span): Violation[] {
  const { operation } = fork;
  if (operation.kind !== "fork") throw new Error(`${operation.id} is not a fork.`);
  const { session, rows, tokens } = state;
  const written = new Set(entries.flatMap((entry) => entry.keys));
  const firstOwn = rows.findIndex(({ key }) => written.has(key));
  const [copies, own] = firstOwn < 0 ? [rows, []] : [rows.slice(0, firstOwn), rows.slice(firstOwn)];
  const violations = checkRows(
    { what: "in the end", session, rows: own, at, isWhole: true, isOriginal: true },
    entries,
  );
  const isEmpty = rows.length === 0 && tokens.inputTokens === 0;
  // Nobody was told that it was made.
  if (!fork.isDone && isEmpty) return violations;
  if (fork.isRefused) return [{ kind: "resurrected", detail: `${session}: its fork was refused, and is there.` }];
  const { session: from, upTo } = operation;
  if (upTo !== undefined && copies.length > upTo)
    violations.push({ kind: "unexplained", detail: `${session} was to take ${upTo} rows, and took ${copies.length}.` });
  const what = `as copied to ${session}`;
  const copied = { what, session: from, rows: copies, at: fork, isWhole: upTo === undefined, isOriginal: false };
  return [...violations, ...checkRows(copied, source), ...checkTokens({ session: from, tokens }, source, fork)];
}

/** Holds what the tabs read while it all went on against the record. */
export function checkReads(journal: Journal): Violation[] {
  const { sessions } = journal;
  return [...journal.entries.values()].flatMap((entry) => {
    const { operation, answer } = entry;
    if (!answer?.rows) return [];
    const { session, id } = operation;
    const finding = { what: `read ${id}`, session, rows: answer.rows, at: entry, isWhole: true, isOriginal: true };
    return checkRows(finding, sessions.get(session)!);
  });
}
