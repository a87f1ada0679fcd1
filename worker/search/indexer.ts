import { ContextStoreError } from "../../src/errors.js";
import { assemble } from "../operations/parts.js";
import type { Steps } from "../slices.js";
import { tables } from "../sql/tables.js";
import type { Database, Row } from "../sqlite/database.js";
import { textOfStored } from "./message-text.js";
import { entryOf, type SearchIndex } from "./search-index.js";

/** How many characters are committed to the index together, at least: others wait for the commit. */
const BATCH_CHARACTERS = 64 * 1024;

/** How many messages are indexed in one step, and how long one of them is a step of its own. */
const STEP = 8;
const LONG_CHARACTERS = 4096;

/**
 * Brings the index up to date with the messages of a prefix: new ones, and those that were still being written when they
 * were indexed. Messages that are gone stay in it until {@link sweep}: whoever searches finds no row for them.
 *
 * `flush` waits until the device has the messages: the index must not know one that a power failure takes back, since
 * its id would be given to another.
 */
export function* catchUp(db: Database, index: SearchIndex, dbName: string, flush: () => void): Steps<void> {
  index.prepare(dbName);
  if (isUpToDate(db, index, dbName)) return;
  const commit = () => {
    flush();
    index.commit();
  };
  for (;;) {
    index.begin();
    let last = index.lastId(dbName);
    for (let characters = 0; characters < BATCH_CHARACTERS;) {
      const rows = db.rows(tables(dbName).toIndex, last, STEP);
      for (const row of rows) {
        // In damaged pages ids may begin again: without end.
        if (Number(row[0]) <= last)
          throw new ContextStoreError("corrupt", "The database is damaged (rows out of order).");
        last = Number(row[0]);
        characters += yield* addRow(db, index, dbName, row);
      }
      index.setLastId(dbName, last);
      if (rows.length < STEP) {
        yield* refreshPartials(db, index, dbName);
        commit();
        return;
      }
      yield;
    }
    commit();
    yield;
  }
}

function isUpToDate(db: Database, index: SearchIndex, dbName: string): boolean {
  return (
    changedPartials(db, index, dbName).length === 0 &&
    db.rows(tables(dbName).toIndex, index.lastId(dbName), 1).length === 0
  );
}

/** Most have not changed since they were indexed: a message whose tab died stays partial for ever. */
function changedPartials(db: Database, index: SearchIndex, dbName: string): number[] {
  return index.partials(dbName).filter((id) => index.stateOf(dbName, id) !== stateOf(db, dbName, id));
}

/** Of a message that is still being written: the same as long as nothing of it was written. */
function stateOf(db: Database, dbName: string, id: number): string {
  return String(db.row(tables(dbName).partialState, id));
}

/** Gives the number of characters that the index got. */
function* addRow(db: Database, index: SearchIndex, dbName: string, read: Row): Steps<number> {
  // One that was still being written may have gone on since it was read.
  const row = read[5] === null ? read : (db.row(tables(dbName).toIndexAgain, read[0]) ?? read);
  const [id, sessionId, project, role, content, status] = row;
  const isPartial = status !== null;
  const stored = isPartial ? assemble(db, dbName, Number(id), content) : content;
  const scope = { sessionId: String(sessionId), project: String(project), role: String(role) };
  if (isPartial) index.setPartial(dbName, Number(id), stateOf(db, dbName, Number(id)));
  const entry = entryOf(textOfStored(stored));
  const characters = entry.body.length + entry.parts.length;
  if (characters >= LONG_CHARACTERS) yield;
  index.add(dbName, Number(id), entry, scope);
  if (characters >= LONG_CHARACTERS) yield;
  return characters;
}

function* refreshPartials(db: Database, index: SearchIndex, dbName: string): Steps<void> {
  for (const id of changedPartials(db, index, dbName)) {
    index.remove(dbName, id);
    index.setPartial(dbName, id, undefined);
    const row = db.row(tables(dbName).toIndexAgain, id);
    if (row) yield* addRow(db, index, dbName, row);
  }
}

/** Removes what is in the index of messages that are gone for good, and the bytes of it. */
export function* sweep(db: Database, index: SearchIndex, isThere: (dbName: string) => boolean): Steps<void> {
  for (const dbName of index.dbNames) {
    let last = 0;
    for (let ids; (ids = index.idsAfter(dbName, last)).length > 0;) {
      for (const id of ids) {
        last = id;
        // A deleted session can be restored, with its ids.
        if (!isThere(dbName) || db.value(tables(dbName).isKept, id) === undefined) index.remove(dbName, id);
      }
      yield;
    }
  }
  index.erase();
}
