import type { Page } from "playwright";
import { checkReads, checkSessions } from "./check.js";
import type { Journal } from "./journal.js";
import type { SessionState } from "./operations.js";
import { checkRefusals } from "./refusals.js";
import type { Violation } from "./violation.js";

const SESSIONS_AT_ONCE = 200;

/** Reads everything with a fresh connection, while no tab writes, and holds it against the record. */
export async function inspect(page: Page, journal: Journal, isEnd: boolean): Promise<Violation[]> {
  const start = performance.now();
  const contents = await readAll(page, [...journal.sessions.keys()]);
  const problems = await page.evaluate(() => torture.problems());
  const titles = new Map(await page.evaluate(() => torture.titles()));
  const states = contents.map(({ session, rows, tokens }) => ({ session, rows, tokens, title: titles.get(session) }));
  const known = new Set(journal.sessions.keys());
  return [
    ...problems.map((detail): Violation => ({ kind: "damaged", detail })),
    ...[...titles.keys()]
      .filter((session) => !known.has(session))
      .map((session): Violation => ({ kind: "unexplained", detail: `Nobody made the session ${session}.` })),
    ...checkSessions(journal, states, { start, end: performance.now() }),
    ...(isEnd ? [...checkReads(journal), ...unanswered(journal), ...checkRefusals(journal)] : []),
  ];
}

async function readAll(page: Page, sessions: readonly string[]): Promise<SessionState[]> {
  const states: SessionState[] = [];
  for (let at = 0; at < sessions.length; at += SESSIONS_AT_ONCE) {
    const some = sessions.slice(at, at + SESSIONS_AT_ONCE);
    const json = await page.evaluate((sessions) => torture.read(sessions), some);
    states.push(...(JSON.parse(json) as SessionState[]));
  }
  return states;
}

/** Calls that pages which are alive still wait for, long after they made them. */
function unanswered(journal: Journal): Violation[] {
  return journal.pending.map(({ operation, start }) => ({
    kind: "unanswered",
    detail: `${JSON.stringify(operation)}, issued at ${start.toFixed(1)}.`,
  }));
}
