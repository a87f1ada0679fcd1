import { ContextStoreError } from "../../src/errors.js";
import type { Delta, Edited, NewMessage, SessionKey } from "../../src/operations.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";
import { splice } from "./edits.js";
import { append } from "./messages.js";
import { addPart } from "./parts.js";
import { countOf, ordinal, partialPosition } from "./positions.js";
import { editSummary } from "./summaries.js";

/** Writes what is new of a message that is still being written. */
export function checkpoint(db: Database, session: SessionKey, id: number, delta: Delta): Edited {
  const position = placeOf(db, session, id);
  addPart(db, session.dbName, id, delta);
  return { kind: "update", position: ordinal(db, session, position) };
}

/** Makes a message complete, a row like any other, and appends what follows it. A second time changes nothing. */
export function finish(
  db: Database,
  session: SessionKey,
  id: number,
  content: string,
  messages: readonly NewMessage<string>[] = [],
): Edited {
  const { sessionId, project, dbName } = session;
  const sql = tables(dbName);
  const finished = db.row(sql.finish, sessionId, project, id, content);
  if (!finished) {
    if (db.value(sql.isFinished, sessionId, project, id, content) !== undefined) return null;
    throw notWritten();
  }
  const position = Number(finished[0]);
  db.run(sql.deleteParts, id);
  editSummary(db, session, countOf(db, session), position);
  append(db, session, messages);
  return { kind: messages.length > 0 ? "replace" : "update", position: ordinal(db, session, position) };
}

/** Takes a message out again. */
export function abort(db: Database, session: SessionKey, id: number): Edited {
  const start = ordinal(db, session, placeOf(db, session, id));
  const kind = start === countOf(db, session) - 1 ? "truncate" : "replace";
  return splice(db, { session, kind, start, deleteCount: 1, messages: [], expectIds: [id] });
}

/** Where in the table a message stands that is still being written. */
function placeOf(db: Database, session: SessionKey, id: number): number {
  const position = partialPosition(db, session, id);
  if (position === undefined) throw notWritten();
  return Number(position);
}

function notWritten(): ContextStoreError {
  return new ContextStoreError(
    "not-found",
    "The message is not being written any more: it was finished or aborted, or an edit, perhaps of another tab, has removed it.",
  );
}
