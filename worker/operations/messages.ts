import { ContextStoreError } from "../../src/errors.js";
import type { MessageRef } from "../../src/messages.js";
import type {
  KnownContents,
  MessageRange,
  MessageRow,
  NewMessage,
  Operations,
  SessionKey,
} from "../../src/operations.js";
import { timestamp } from "../../src/timestamp.js";
import { tables } from "../sql/tables.js";
import type { Database, Row } from "../sqlite/database.js";
import { assemble, fold } from "./parts.js";
import { countOf, endOf, isShared, ordinal } from "./positions.js";

type MessagesArgs = Parameters<Operations<string>["messages"]>[0];

/** Appends in order; a message whose uid the session already has is not written again. */
export function append(db: Database, session: SessionKey, messages: readonly NewMessage<string>[]): MessageRef[] {
  return messages.map((message) => appendOne(db, session, message));
}

function appendOne(db: Database, session: SessionKey, message: NewMessage<string>): MessageRef {
  const { sessionId, project, dbName } = session;
  const { uid, role, content, metadata = null, preview = null, status = null } = message;
  const sql = tables(dbName);
  // Nobody else can have a uid that the page has just made.
  const existing = message.isNew ? undefined : db.row(sql.byUid, sessionId, project, uid);
  if (existing) {
    if (status) throw isThere(uid);
    const position = ordinal(db, session, Number(existing[1]));
    return { id: Number(existing[0]), uid, position, createdAt: String(existing[2]) };
  }
  const createdAt = timestamp();
  db.run(sql.insert, sessionId, project, endOf(db, session), role, content, uid, metadata, createdAt, status);
  const id = db.lastRowId;
  // Most messages change nothing of what the list is sorted by: then its indexes need not be written.
  db.run(sql.countOneMore, sessionId, project, createdAt);
  if (db.changes === 0) db.run(sql.countMessage, sessionId, project, role === "user" ? preview : null, createdAt);
  return { id, uid, position: countOf(db, session) - 1, createdAt };
}

/** Two writers of one message would spoil it. */
function isThere(uid: string): ContextStoreError {
  const message = `The session has a message of uid ${JSON.stringify(uid)} already; begin another one.`;
  return new ContextStoreError("conflict", message);
}

/** The messages of a session, or the part of them that `range` names, in order. */
export function messages(db: Database, { session, range, brief = false, known }: MessagesArgs): MessageRow<unknown>[] {
  const { sessionId, project, dbName } = session;
  const sql = tables(dbName);
  const { before, after, last, limit } = range;
  const { first, last: latest } = known ?? { first: 1, last: 0 };
  const read = (statement: string, size?: number, offset?: number) =>
    db.rows(statement, sessionId, project, size, offset, first, latest);
  const toRow = (row: Row, position: number) => toMessageRow(db, dbName, row, position, known);
  if (before === undefined && after === undefined && last === undefined && limit === undefined) {
    return read(brief ? sql.allBrief : sql.all).map(toRow);
  }
  const count = countOf(db, session);
  const [start, end] = window(range, count);
  if (start >= end) return [];
  const rows = isShared(db, session, count) ? slice() : read(sql.between, start, end);
  return rows.map((row, index) => toRow(row, start + index));

  /** Where positions in the table are not those of the API: counted from the nearer end. */
  function slice(): Row[] {
    if (start < count - end) return read(sql.slice, end - start, start);
    return read(sql.sliceFromEnd, end - start, count - end).toReversed();
  }
}

/** So many messages are read in some tenths of a millisecond. */
const SLICE = 128;

/** The ranges that a long one is read in, one after the other; none where it is short, or must be read in one go. */
export function rangesOf(db: Database, { session, range }: Pick<MessagesArgs, "session" | "range">): MessageRange[] {
  if ((range.last ?? range.limit ?? Infinity) <= SLICE) return [];
  const count = countOf(db, session);
  const [start, end] = window(range, count);
  // Where positions in the table are not those of the API, each of them would have to be counted anew.
  if (end - start <= SLICE || isShared(db, session, count)) return [];
  return Array.from({ length: Math.ceil((end - start) / SLICE) }, (_, slice) => {
    const first = start + slice * SLICE;
    return { after: first - 1, before: Math.min(first + SLICE, end) };
  });
}

function window({ before, after, last, limit }: MessageRange, count: number): [start: number, end: number] {
  let start = after === undefined ? 0 : after + 1;
  let end = Math.min(before ?? count, count);
  // `last` and a lone `before` count from the end, everything else from the start.
  const size = Math.min(last ?? Infinity, limit ?? Infinity);
  if (last !== undefined || (before !== undefined && after === undefined)) start = Math.max(start, end - size);
  else end = Math.min(end, start + size);
  return [start, end];
}

function toMessageRow(
  db: Database,
  dbName: string,
  row: Row,
  position: number,
  known: KnownContents | undefined,
): MessageRow<unknown> {
  const [id, uid, , createdAt, role, stored, metadata, status] = row;
  // Not all that was left out is known: an edit may have put a message between others that are.
  const leftOut = () => known && (known.get(Number(id)) ?? db.value(tables(dbName).contentOf, id));
  return {
    id: Number(id),
    uid: uid as string | null,
    position,
    createdAt: createdAt === null ? "" : String(createdAt),
    role: String(role),
    // A row from elsewhere may hold a BLOB: what is not text is found when it is unsealed, and costs that row alone.
    content: status === null ? (stored ?? leftOut()) : assemble(db, dbName, Number(id), stored),
    metadata: metadata as string | null,
    status: status as "partial" | null,
  };
}

/** Removes the messages and token counts of a session in its project. */
export function clear(db: Database, { sessionId, project, dbName }: SessionKey): void {
  const sql = tables(dbName);
  db.run(sql.deleteSession, sessionId, project);
  db.run(sql.deleteTokens, sessionId, project);
  db.run(sql.deleteSummary, sessionId, project);
  renumber(db, dbName, sessionId);
}

/**
 * Makes the positions of a session id 0, 1, 2, ... again: the Python package cannot append after a gap. Given `from`, it
 * is the rows from that position on that follow each other, the first of them at `to`.
 */
export function renumber(
  db: Database,
  dbName: string,
  sessionId: string,
  from: number = Number.MIN_SAFE_INTEGER,
  to = 0,
): void {
  db.run(tables(dbName).renumberAside, sessionId, from, to);
  renumberBack(db, dbName, sessionId);
}

/** Gives rows whose position `p` was put aside as `-1 - p` that position. */
export function renumberBack(db: Database, dbName: string, sessionId: string): void {
  db.run(tables(dbName).renumberBack, sessionId);
}

/** Copies the first `upTo` messages and the token counts into a new session of the same project, byte for byte. */
export function fork(db: Database, session: SessionKey, target: string, upTo: number | undefined): void {
  const { sessionId, project, dbName } = session;
  const sql = tables(dbName);
  if (target === sessionId || db.value(sql.sessionCount, target, project) !== undefined) {
    throw new ContextStoreError(
      "conflict",
      `There is a session ${JSON.stringify(target)} already; fork into a new id.`,
    );
  }
  fold(db, dbName);
  const count = countOf(db, session);
  const isDense = !isShared(db, session, count) && endOf(db, { ...session, sessionId: target }) === 0;
  const createdAt = timestamp();
  db.run(isDense ? sql.copyDense : sql.copySession, sessionId, project, target, upTo ?? count, createdAt);
  const copied = db.changes;
  db.run(sql.deleteTokens, target, project);
  db.run(sql.copyTokens, sessionId, project, target);
  if (copied > 0) db.run(sql.forkSummary, sessionId, project, target, copied, createdAt);
}
