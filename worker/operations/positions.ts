import type { SessionKey } from "../../src/operations.js";
import { tables } from "../sql/tables.js";
import type { Database, SqlValue } from "../sqlite/database.js";

// Positions in the table are dense per session id, those of the API per session id and project.

/** The number of messages of a session in its project. */
export function countOf(db: Database, { sessionId, project, dbName }: SessionKey): number {
  return Number(db.value(tables(dbName).sessionCount, sessionId, project) ?? 0);
}

/** The position in the table behind the last row of a session id. */
export function endOf(db: Database, { dbName, sessionId }: Pick<SessionKey, "dbName" | "sessionId">): number {
  return Number(db.value(tables(dbName).lastPosition, sessionId) ?? -1) + 1;
}

/** Whether another project has rows under the same session id: then positions in the table are not those of the API. */
export function isShared(db: Database, session: SessionKey, count: number): boolean {
  return endOf(db, session) !== count;
}

/** The position within session and project of a row at `position` in the table. */
export function ordinal(db: Database, session: SessionKey, position: number): number {
  const { sessionId, project, dbName } = session;
  const count = countOf(db, session);
  if (!isShared(db, session, count)) return position;
  // Counted from the end: what is written is near it.
  return count - Number(db.value(tables(dbName).countFrom, sessionId, project, position));
}

/** Where in the table a message stands, if it is still being written. */
export function partialPosition(
  db: Database,
  { sessionId, project, dbName }: SessionKey,
  id: number,
): SqlValue | undefined {
  return db.value(tables(dbName).partial, sessionId, project, id);
}
