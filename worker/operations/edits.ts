import { ContextStoreError } from "../../src/errors.js";
import type { Edit, Edited, SessionKey } from "../../src/operations.js";
import { timestamp } from "../../src/timestamp.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";
import { renumber } from "./messages.js";
import { countOf, endOf, isShared, partialPosition } from "./positions.js";
import { editSummary } from "./summaries.js";

/** A row that is there: its id, its position in the table, its time. */
interface Place {
  readonly id: number;
  readonly position: number;
  readonly createdAt: string;
}

/**
 * Puts messages in the place of others. Rows of other projects under the same session id keep their order; what comes
 * before the edit is not touched, so that it costs what it removes, adds and moves.
 */
export function splice(db: Database, edit: Edit<string>): Edited {
  const { session, kind, start, messages } = edit;
  const count = countOf(db, session);
  const end = edit.deleteCount === undefined ? Math.max(start, count) : start + edit.deleteCount;
  const removed = placesOf(db, session, start, Math.min(end, count), count);
  checkExpectations(db, edit, removed, count);
  const isTruncation = edit.deleteCount === undefined && messages.length === 0;
  if (end > count && !isTruncation) throw noSuchRange(session, start, end, count);
  if (removed.length === 0 && messages.length === 0) return null;
  const position = removed[0]?.position ?? positionOf(db, session, start, count);
  replaceRows(db, edit, removed, position);
  editSummary(db, session, count - removed.length + messages.length, position);
  return { kind, position: start };
}

function replaceRows(db: Database, { session, messages }: Edit<string>, removed: readonly Place[], at: number): void {
  const { dbName, sessionId, project } = session;
  const sql = tables(dbName);
  const last = removed.at(-1)?.position ?? at - 1;
  if (removed.length > 0) db.run(sql.deleteBetween, sessionId, project, at, last);
  // Where as many come as go, and no other project's rows lie between them, the rest stays where it is.
  const fits = messages.length === removed.length && last - at + 1 === removed.length;
  if (!fits) renumber(db, dbName, sessionId, at, at + messages.length);
  for (const [place, { role, content, uid, metadata = null }] of messages.entries()) {
    // What takes another's place takes its time: a session whose first message is edited does not become a new one.
    const createdAt = removed[place]?.createdAt ?? timestamp();
    db.run(sql.insert, sessionId, project, at + place, role, content, uid, metadata, createdAt, null);
  }
}

function checkExpectations(db: Database, edit: Edit<string>, removed: readonly Place[], count: number): void {
  const { session, start, expectIds, expectPartial = [], expectBefore, expectedLength } = edit;
  if (expectedLength !== undefined && expectedLength !== count)
    throw conflict(session, `has ${count} messages, not ${expectedLength}`);
  const isPartial = (id: number) => partialPosition(db, session, id) !== undefined;
  if (expectIds !== undefined && !(sameIds(expectIds, removed) && expectPartial.every(isPartial)))
    throw conflict(session, `has other messages from position ${start} on than those expected`);
  if (expectBefore === undefined) return;
  const kept = Math.min(start, count);
  const [before] = placesOf(db, session, kept - 1, kept, count);
  if (before?.id !== expectBefore)
    throw conflict(session, `does not end its first ${start} messages with the one expected`);
}

function sameIds(ids: readonly number[], places: readonly Place[]): boolean {
  return ids.length === places.length && places.every(({ id }, place) => id === ids[place]);
}

/** The rows at these positions of the API. */
function placesOf(db: Database, session: SessionKey, start: number, end: number, count: number): Place[] {
  if (start < 0 || start >= end) return [];
  const { dbName, sessionId, project } = session;
  const sql = tables(dbName);
  const rows = isShared(db, session, count)
    ? db.rows(sql.placesSlice, sessionId, project, end - start, start)
    : db.rows(sql.placesBetween, sessionId, project, start, end);
  return rows.map(([id, position, createdAt]) => ({
    id: Number(id),
    position: Number(position),
    createdAt: String(createdAt),
  }));
}

/** Where in the table a message at `start` goes that takes no other's place. */
function positionOf(db: Database, session: SessionKey, start: number, count: number): number {
  const [next] = placesOf(db, session, start, start + 1, count);
  return next ? next.position : endOf(db, session);
}

function noSuchRange({ sessionId }: SessionKey, start: number, end: number, count: number): ContextStoreError {
  const range = end > start + 1 ? `positions ${start} to ${end - 1}` : `position ${start}`;
  return new ContextStoreError(
    "not-found",
    `The edit names ${range}, but session ${JSON.stringify(sessionId)} has ${count} messages. Nothing was changed.`,
  );
}

function conflict({ sessionId }: SessionKey, what: string): ContextStoreError {
  return new ContextStoreError(
    "conflict",
    `Session ${JSON.stringify(sessionId)} ${what}: it was edited meanwhile. Read it again, and repeat the edit. Nothing was changed.`,
  );
}
