import { readStoredContent } from "../src/content.js";
import type { IntegrityProblem, IntegrityReport, SessionKey } from "../src/protocol.js";
import type { Database } from "./database.js";
import { unseal } from "./envelope.js";
import { messages, renumber } from "./operations/messages.js";
import { computePreview, refreshSummary } from "./operations/summaries.js";
import { jsonToContent } from "./stored-json.js";
import { dbNames } from "./schema.js";
import { tables } from "./tables.js";

/** Looks at every page and every row. */
export function checkIntegrity(db: Database): IntegrityReport {
  const problems: IntegrityProblem[] = checkPages(db);
  for (const dbName of dbNames(db)) {
    problems.push(...checkPositions(db, dbName), ...checkSummaries(db, dbName));
    for (const session of sessionsOf(db, dbName)) problems.push(...checkRows(db, session));
  }
  return { ok: problems.length === 0, problems };
}

/** Puts right what can be: positions and summaries. Reports what was found before. */
export function repair(db: Database): IntegrityReport {
  const report = checkIntegrity(db);
  for (const dbName of dbNames(db)) {
    for (const [sessionId] of db.rows(tables(dbName).positionGaps)) renumber(db, dbName, String(sessionId));
  }
  for (const { kind, dbName, project, sessionId } of report.problems) {
    if (kind === "summary") refreshSummary(db, { dbName: dbName!, project: project!, sessionId: sessionId! });
  }
  return report;
}

function checkPages(db: Database): IntegrityProblem[] {
  const found = db.rows("PRAGMA integrity_check(100)").map(([problem]) => String(problem));
  if (found.join() === "ok") return [];
  return found.map((detail) => ({ kind: "page", detail, repairable: false }));
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

function checkSummaries(db: Database, dbName: string): IntegrityProblem[] {
  const sql = tables(dbName);
  const summaries = new Map(
    db.rows(sql.summaryKeys).map(([id, project, count, preview, createdAt]) => {
      return [JSON.stringify([id, project]), { count, preview, createdAt }];
    }),
  );
  const problems: IntegrityProblem[] = [];
  const report = (session: SessionKey, detail: string) =>
    problems.push({ kind: "summary", ...session, detail, repairable: true });
  for (const session of sessionsOf(db, dbName)) {
    const key = JSON.stringify([session.sessionId, session.project]);
    const summary = summaries.get(key);
    summaries.delete(key);
    const [count, createdAt] = db.row(sql.summary, session.sessionId, session.project)!;
    if (!summary) report(session, "The session is missing from the list.");
    else if (summary.count !== count)
      report(session, `The list says ${Number(summary.count)} messages; there are ${Number(count)}.`);
    else if (summary.createdAt !== createdAt) report(session, "The list shows a wrong time of creation.");
    else if (summary.preview !== computePreview(db, session)) report(session, "The list shows an outdated preview.");
  }
  for (const key of summaries.keys()) {
    const [sessionId, project] = JSON.parse(key) as [string, string];
    report({ dbName, sessionId, project }, "The list shows a session that has no messages.");
  }
  return problems;
}

function checkRows(db: Database, session: SessionKey): IntegrityProblem[] {
  return messages(db, session, {}).flatMap((row): IntegrityProblem[] => {
    const problem = checkContent(row.content);
    return problem ? [{ ...problem, ...session, position: row.position, repairable: false }] : [];
  });
}

function checkContent(stored: unknown): Pick<IntegrityProblem, "kind" | "detail"> | undefined {
  let kind: IntegrityProblem["kind"] = "envelope";
  try {
    const json = unseal(stored);
    kind = "json";
    const value = jsonToContent(json);
    kind = "block";
    readStoredContent(value);
    return undefined;
  } catch (error) {
    return { kind, detail: error instanceof Error ? error.message : String(error) };
  }
}

function sessionsOf(db: Database, dbName: string): SessionKey[] {
  return db.rows(tables(dbName).sessionKeys).map(([sessionId, project]) => ({
    dbName,
    sessionId: String(sessionId),
    project: String(project),
  }));
}
