import { readStoredContent } from "../../src/content.js";
import type { SessionKey } from "../../src/operations.js";
import type { IntegrityProblem, IntegrityReport } from "../../src/reports.js";
import { unseal } from "../envelopes/envelope.js";
import { readJson } from "../envelopes/stored-json.js";
import { toContextStoreError } from "../failure.js";
import { finish, type Steps } from "../slices.js";
import { TABLE_NAMES } from "../sql/file.js";
import { tables } from "../sql/tables.js";
import type { Database, SqlValue } from "../sqlite/database.js";
import { dbNames } from "./schema.js";
import { renumber } from "./messages.js";
import { computePreview, refreshSummary } from "./summaries.js";

/** Looks at every page and every row. What others write between the steps is judged as it is found. */
export function* checkIntegrity(db: Database): Steps<IntegrityReport> {
  const problems = checkPages(db);
  yield;
  for (const dbName of dbNames(db)) {
    problems.push(...despiteDamage(problems, { dbName }, () => checkPositions(db, dbName)));
    yield;
    yield* checkSummaries(db, dbName, problems);
    const sessions: SessionKey[] = [];
    problems.push(...despiteDamage(problems, { dbName }, () => void sessions.push(...sessionsOf(db, dbName))));
    for (const session of sessions) yield* checkRows(db, session, problems);
  }
  const isDamaged = problems.some(({ kind, repairable }) => kind === "page" && !repairable);
  return { ok: problems.length === 0, problems: isDamaged ? problems.map(unrepairable) : problems };
}

function unrepairable(problem: IntegrityProblem): IntegrityProblem {
  return { ...problem, repairable: false };
}

/**
 * Puts right what can be: indexes, positions and summaries; nothing where a page is damaged. Looks for these again, as it is
 * one transaction, but not at contents, which nobody can repair and which take the longest.
 */
export function repair(db: Database): void {
  const pages = checkPages(db);
  // What is written into damaged pages may damage others.
  if (!pages.every(({ repairable }) => repairable)) return;
  if (pages.length > 0) reindex(db);
  for (const dbName of dbNames(db)) {
    for (const [sessionId] of db.rows(tables(dbName).positionGaps)) {
      db.run(tables(dbName).lift, sessionId);
      renumber(db, dbName, String(sessionId));
    }
    const stale: IntegrityProblem[] = [];
    finish(checkSummaries(db, dbName, stale));
    for (const { kind, project, sessionId } of stale) {
      if (kind === "summary") refreshSummary(db, { dbName, project: project!, sessionId: sessionId! });
    }
  }
}

/** Makes the indexes anew. What one of them had lost may have been written a second time since. */
function reindex(db: Database): void {
  // SQLite refuses otherwise to change a row that an index lacks.
  db.exec("PRAGMA writable_schema=ON");
  try {
    for (const dbName of dbNames(db)) {
      db.run(tables(dbName).partShared);
      db.run(tables(dbName).dropShared);
    }
  } finally {
    db.exec("PRAGMA writable_schema=OFF");
  }
  db.exec("REINDEX");
}

/** What SQLite says of an index whose table is sound. */
const INDEX_PROBLEM = /^(?:row \d+ missing from index |wrong # of entries in index )/;

function checkPages(db: Database): IntegrityProblem[] {
  const found = pageProblems(db);
  if (found.join() === "ok") return [];
  // "*** in database main ***" heads a list of lines.
  const details = found.flatMap((problem) => problem.split("\n")).filter((line) => !line.startsWith("***"));
  return details.map((detail) => ({ kind: "page", detail, repairable: INDEX_PROBLEM.test(detail) }));
}

function pageProblems(db: Database): string[] {
  const check = (what: string) => db.rows(`PRAGMA integrity_check(${what})`).map(([problem]) => String(problem));
  try {
    return check("100");
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  try {
    // Where the pages of a table are damaged, comparing its rows with its indexes fails. The first problem is found before.
    return check("1");
  } catch (error) {
    // Unless it lies in a row, or in an index itself.
    const where = db.rows(TABLE_NAMES).filter(([name]) => !isReadable(() => check(`"${String(name)}"`)));
    return [`${(error as Error).message}: ${where.join(", ")}`];
  }
}

function isReadable(read: () => void): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function isDamage(error: unknown): boolean {
  return toContextStoreError(error).code === "corrupt";
}

/** A damaged page must not hide what is wrong elsewhere. Gives what the work finds, or that the page was in its way. */
function despiteDamage(
  known: readonly IntegrityProblem[],
  where: Partial<SessionKey>,
  work: () => readonly IntegrityProblem[] | void,
): readonly IntegrityProblem[] {
  try {
    return work() ?? [];
  } catch (error) {
    if (!isDamage(error) || !known.some(({ kind }) => kind === "page")) throw error;
    return [{ kind: "page", ...where, detail: toContextStoreError(error).message, repairable: false }];
  }
}

function checkPositions(db: Database, dbName: string): IntegrityProblem[] {
  return db.rows(tables(dbName).positionGaps).map(([sessionId, count, first, last]) => ({
    kind: "position",
    dbName,
    sessionId: String(sessionId),
    detail: `${Number(count)} messages stand at positions ${Number(first)} to ${Number(last)}.`,
    repairable: true,
  }));
}

function* checkSummaries(db: Database, dbName: string, problems: IntegrityProblem[]): Steps<void> {
  const sessions = new Map<string, SessionKey>();
  const sql = tables(dbName);
  const take = (session: SessionKey) => sessions.set(JSON.stringify([session.sessionId, session.project]), session);
  const listed = () => {
    for (const [sessionId, project] of db.rows(sql.summaryKeys)) {
      take({ dbName, sessionId: String(sessionId), project: String(project) });
    }
  };
  problems.push(...despiteDamage(problems, { dbName }, () => sessionsOf(db, dbName).forEach(take)));
  problems.push(...despiteDamage(problems, { dbName }, listed));
  for (const session of sessions.values()) {
    problems.push(...despiteDamage(problems, session, () => checkSummary(db, session)));
    yield;
  }
}

/** Compares what the list shows of a session with what its messages say. */
function checkSummary(db: Database, session: SessionKey): IntegrityProblem[] {
  const sql = tables(session.dbName);
  const [count, createdAt, updatedAt] = db.row(sql.summary, session.sessionId, session.project)!;
  const shown = db.row(sql.shown, session.sessionId, session.project);
  const stale = (detail: string): IntegrityProblem[] => [{ kind: "summary", ...session, detail, repairable: true }];
  if (count === 0) return shown ? stale("The list shows a session that has no messages.") : [];
  if (!shown) return stale("The session is missing from the list.");
  if (shown[0] !== count) return stale(`The list says ${Number(shown[0])} messages; there are ${Number(count)}.`);
  // An edit counts as activity, and leaves no row to tell its time: it may be later than the last message's.
  if (shown[1] !== String(createdAt) || typeof shown[2] !== "string" || shown[2] < String(updatedAt))
    return stale("The list shows a wrong time.");
  if (shown[3] !== computePreview(db, session)) return stale("The list shows an outdated preview.");
  return [];
}

function* checkRows(db: Database, session: SessionKey, problems: IntegrityProblem[]): Steps<void> {
  const { dbName, sessionId, project } = session;
  let place = 0;
  let last: SqlValue = -Infinity;
  for (let more = true; more;) {
    more = false;
    const found = despiteDamage(problems, session, () => {
      const rows = db.rows(tables(dbName).contents, sessionId, project, last);
      return rows.flatMap(([position, content, metadata]): IntegrityProblem[] => {
        last = position!;
        // Text may not come back as it is. What stands behind it is looked at once the positions are put right.
        more = typeof position !== "string";
        const problem = checkContent(content) ?? checkMetadata(metadata);
        place++;
        return problem ? [{ ...problem, ...session, position: place - 1, repairable: false }] : [];
      });
    });
    problems.push(...found);
    yield;
  }
}

function checkContent(stored: unknown): Pick<IntegrityProblem, "kind" | "detail"> | undefined {
  let kind: IntegrityProblem["kind"] = "envelope";
  try {
    const json = unseal(stored);
    kind = "json";
    const content = readJson(json);
    kind = "block";
    readStoredContent(content);
    return undefined;
  } catch (error) {
    return { kind, detail: error instanceof Error ? error.message : String(error) };
  }
}

function checkMetadata(stored: unknown): Pick<IntegrityProblem, "kind" | "detail"> | undefined {
  try {
    if (stored !== null) JSON.parse(String(stored));
    return undefined;
  } catch (error) {
    return { kind: "json", detail: `Its metadata: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function sessionsOf(db: Database, dbName: string): SessionKey[] {
  return db.rows(tables(dbName).sessionKeys).map(([sessionId, project]) => ({
    dbName,
    sessionId: String(sessionId),
    project: String(project),
  }));
}
