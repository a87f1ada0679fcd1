import { ContextStoreError } from "../../src/errors.js";
import type { ContextTokens } from "../../src/messages.js";
import type { ListText, SessionEntry, SessionKey, SessionRange } from "../../src/operations.js";
import type { ProjectInfo } from "../../src/reports.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";

/** The sessions of a project that have messages, newest first. */
export function sessions(db: Database, dbName: string, project: string, range?: SessionRange): ListText<SessionEntry> {
  const { orderBy = "created", limit, after } = range ?? {};
  const sql = tables(dbName).list[orderBy];
  // LIMIT -1 is no limit.
  const first = [project, limit ?? -1] as const;
  return String(after ? db.value(sql.next, ...first, after.time, after.sessionId) : db.value(sql.first, ...first));
}

// The Python package may have stored fractions, which it cuts off on reading.
function toTokens(input: unknown, output: unknown): ContextTokens {
  return { inputTokens: Math.trunc(Number(input ?? 0)), outputTokens: Math.trunc(Number(output ?? 0)) };
}

export function setTitle(db: Database, { sessionId, project, dbName }: SessionKey, title: string | null): void {
  db.run(tables(dbName).setTitle, sessionId, project, title);
  if (db.changes > 0) return;
  throw new ContextStoreError(
    "not-found",
    `Session ${JSON.stringify(sessionId)} has no messages, and no title can be set. Append one first.`,
  );
}

export function tokens(db: Database, { sessionId, project, dbName }: SessionKey): ContextTokens {
  const row = db.row(tables(dbName).tokens, sessionId, project);
  return toTokens(row?.[0], row?.[1]);
}

export function setTokens(db: Database, { sessionId, project, dbName }: SessionKey, counts: ContextTokens): void {
  db.run(tables(dbName).setTokens, sessionId, project, counts.inputTokens, counts.outputTokens);
}

export function addTokens(db: Database, { sessionId, project, dbName }: SessionKey, counts: ContextTokens): void {
  const greatest = db.value(tables(dbName).addTokens, sessionId, project, counts.inputTokens, counts.outputTokens);
  if (Number(greatest) <= Number.MAX_SAFE_INTEGER) return;
  throw new ContextStoreError("invalid-argument", "The sum of the tokens exceeds 2^53 - 1. Nothing was added.");
}

export function projects(db: Database, dbName: string): ProjectInfo[] {
  return db.rows(tables(dbName).projects).map(([project, sessionCount, messageCount]) => ({
    project: String(project),
    sessionCount: Number(sessionCount),
    messageCount: Number(messageCount),
  }));
}
