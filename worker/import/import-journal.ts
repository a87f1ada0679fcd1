import type { SessionKey } from "../../src/operations.js";
import { renumber } from "../operations/messages.js";
import { refreshSummary } from "../operations/summaries.js";
import type { Steps } from "../slices.js";
import {
  IMPORTED_ADD,
  IMPORTED_CLEAR,
  IMPORTED_EXTEND,
  IMPORTED_LAST,
  IMPORTED_LAST_OF,
  IMPORTED_REMOVE,
} from "../sql/imports.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";

/** What an import has added so far, in the file: so that it can be taken back, also by the next owner after a death. */
export class ImportJournal {
  readonly #db: Database;
  readonly #editing: () => void;
  #open: { readonly entry: number; readonly key: string; last: number } | undefined;

  /** `editing`: as for {@link undoImport}. */
  constructor(db: Database, editing: () => void) {
    this.#db = db;
    this.#editing = editing;
  }

  /** A message that was inserted. */
  addMessage({ dbName, sessionId, project }: SessionKey, id: number): void {
    const key = JSON.stringify([dbName, sessionId, project]);
    if (this.#open?.key === key && this.#open.last === id - 1) {
      this.#open.last = id;
      return;
    }
    this.flush();
    // The time before the import: an edit may have been later than any message.
    const updatedAt = this.#db.value(tables(dbName).updatedAt, sessionId, project) ?? null;
    const entry = Number(this.#db.value(IMPORTED_ADD, dbName, sessionId, project, id, id, updatedAt));
    this.#open = { entry, key, last: id };
  }

  /** To be called before the transaction that inserted the messages is committed. */
  flush(): void {
    if (this.#open) this.#db.run(IMPORTED_EXTEND, this.#open.entry, this.#open.last);
  }

  /** The place up to which {@link undoImport} leaves things as they are. */
  mark(): number {
    this.flush();
    this.#open = undefined;
    return Number(this.#db.value(IMPORTED_LAST, 0) ?? 0);
  }

  /** Takes back what was added behind the mark. */
  undo(mark?: number): Steps<void> {
    return undoImport(this.#db, this.#editing, mark);
  }

  /** What was added is here to stay. */
  clear(): void {
    this.#db.run(IMPORTED_CLEAR);
    this.#open = undefined;
  }
}

/** How many messages are taken back in one step. */
const STEP = 128;

/**
 * Takes back what an import has added behind the mark, the last first: of one session, or of all. What others have added
 * since stays. `editing` is told before messages are removed and moved.
 */
export function* undoImport(db: Database, editing: () => void, mark = 0, only?: SessionKey): Steps<void> {
  const of = (session: SessionKey) =>
    db.row(IMPORTED_LAST_OF, mark, session.dbName, session.sessionId, session.project);
  const next = () => (only ? of(only) : db.row(IMPORTED_LAST, mark));
  for (let entry = next(); entry; entry = next()) {
    const [id, name, sessionId, project, first, last, updatedAt] = entry;
    const session = { dbName: String(name), sessionId: String(sessionId), project: String(project) };
    const sql = tables(session.dbName);
    const upTo = Math.max(Number(first) - 1, Number(last) - STEP);
    editing();
    db.run(sql.uncount, sessionId, project, upTo, last, updatedAt);
    db.run(sql.takeBack, sessionId, project, upTo, last);
    if (upTo >= Number(first)) {
      db.run(IMPORTED_EXTEND, id, upTo);
      yield;
      continue;
    }
    db.run(IMPORTED_REMOVE, id);
    // Once for a session; one that was taken out of the list must not come back into it in the middle.
    if (!of(session)) {
      renumber(db, session.dbName, session.sessionId);
      refreshSummary(db, session);
    }
    yield;
  }
}
