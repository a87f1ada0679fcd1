import { ContextStoreError } from "../../src/errors.js";
import type { DeletedEntry, ListText, SessionKey } from "../../src/operations.js";
import { META_GET, META_REMOVE, META_SET } from "../sql/file.js";
import { tables } from "../sql/tables.js";
import type { Database, SqlValue } from "../sqlite/database.js";
import type { Storage } from "../storage/storage.js";
import { clear, renumber, renumberBack } from "./messages.js";
import { fold } from "./parts.js";

/** In the file, with a value of its own for each, from the transaction that purges sessions until their bytes are gone. */
const PURGED = "purged";

/** Moves a session out of the tables that lists, readers and Python look at. */
export function deleteSession(db: Database, session: SessionKey, deletionId: string): void {
  const { sessionId, project, dbName } = session;
  const sql = tables(dbName);
  fold(db, dbName);
  db.run(sql.noteDeletion, sessionId, project, deletionId, Date.now());
  if (db.changes > 0) db.run(sql.keepRows, sessionId, project, deletionId);
  clear(db, session);
}

/** Moves a session back, its rows among those of other projects where they had been. */
export function restoreSession(db: Database, session: SessionKey, deletionId: string): void {
  const { sessionId, project, dbName } = session;
  const sql = tables(dbName);
  const name = JSON.stringify(sessionId);
  if (db.value(sql.isDeletion, sessionId, project, deletionId) === undefined) {
    const message = `Session ${name} is not among the deleted ones any more: it was restored or purged.`;
    throw new ContextStoreError("not-found", message);
  }
  if (db.value(sql.sessionCount, sessionId, project) !== undefined) {
    const message = `There is a session ${name} again. Delete it, or copy it with fork(), before you restore this one.`;
    throw new ContextStoreError("conflict", message);
  }
  renumber(db, dbName, sessionId);
  db.run(sql.makeRoom, sessionId, deletionId);
  db.run(sql.restoreRows, sessionId, project, deletionId);
  renumberBack(db, dbName, sessionId);
  db.run(sql.restoreSummary, deletionId);
  db.run(sql.deleteTokens, sessionId, project);
  db.run(sql.restoreTokens, deletionId);
  forget(db, dbName, deletionId);
}

export function deletedSessions(db: Database, dbName: string): ListText<DeletedEntry> {
  return String(db.value(tables(dbName).deletions));
}

/** Removes what was deleted up to `before`. Its bytes are still in the file until {@link eraseFreePages}. */
export function purgeDeleted(db: Database, dbName: string, before: number): number {
  const found = db.rows(tables(dbName).deletedBefore, before);
  for (const [deletionId] of found) forget(db, dbName, String(deletionId));
  if (found.length > 0) db.run(META_SET, PURGED, crypto.randomUUID());
  return found.length;
}

function forget(db: Database, dbName: string, deletionId: string): void {
  db.run(tables(dbName).forgetRows, deletionId);
  db.run(tables(dbName).forgetDeletion, deletionId);
}

/** What a death in the middle of a purge has left to do. */
export function finishPurge(storage: Storage): void {
  const purge = lastPurge(storage);
  if (purge === undefined) return;
  storage.removeExports?.().catch(() => {});
  try {
    // It may have the words of what was purged.
    storage.dropIndex();
    eraseFreePages(storage, purge);
  } catch {
    // A full disk can be opened and read all the same. The next purge tries again.
  }
}

/**
 * After a purge, also one that a death interrupted: writes the file anew, without what free pages and the -wal still
 * hold, and removes a copy that a migration left behind. Not to be called in a transaction.
 */
export function eraseFreePages(storage: Storage, purge: SqlValue | undefined): void {
  const { database } = storage;
  if (purge === undefined) return;
  storage.dropBackup();
  database.vacuum();
  // Of a later one the index has not been rid yet.
  if (lastPurge(storage) === purge) database.run(META_REMOVE, PURGED);
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** The last purge whose bytes may be left somewhere. */
export function lastPurge({ database }: Storage): SqlValue | undefined {
  return database.value(META_GET, PURGED);
}
