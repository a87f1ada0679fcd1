import type { SessionKey } from "../src/protocol.js";
import type { Database } from "./database.js";
import type { OwnerRequest } from "./executor.js";
import { undoImport } from "./import-journal.js";
import { finish, nextTurn, type Steps, takeSlice } from "./slices.js";
import { IMPORTED_SESSIONS, tables } from "./tables.js";

/**
 * What a death in the middle of an import has left. Taking all of it back may take seconds, for which nobody should wait:
 * sessions that the import has made are taken out of the list at once, and each is gone before anyone looks into it.
 */
export class UnfinishedImport {
  readonly #db: Database;
  /** Sessions with messages that are still to be taken back, by what they share their positions with. */
  readonly #left = new Map<string, SessionKey[]>();
  #stopped = false;

  constructor(db: Database) {
    this.#db = db;
    const found = db.rows(IMPORTED_SESSIONS);
    if (found.length === 0) return;
    db.transaction(() => {
      for (const [name, id, of, messages, before] of found) {
        const session = { dbName: String(name), sessionId: String(id), project: String(of) };
        const sql = tables(session.dbName);
        const count = db.value(sql.sessionCount, session.sessionId, session.project);
        if (before !== null || (count !== undefined && count !== messages)) {
          finish(undoImport(db, 0, session));
          continue;
        }
        db.run(sql.deleteSummary, session.sessionId, session.project);
        this.#left.set(keyOf(session), [...(this.#left.get(keyOf(session)) ?? []), session]);
      }
    });
  }

  /** To be called before these are carried out. */
  settle(requests: readonly OwnerRequest[]): void {
    if (this.#left.size === 0) return;
    for (const { name, args } of requests) {
      if (name === "repair") for (const key of this.#left.keys()) this.#takeBack(key);
      if (!("session" in args)) continue;
      this.#takeBack(keyOf(args.session));
      if ("target" in args) this.#takeBack(keyOf({ ...args.session, sessionId: args.target }));
    }
  }

  /** Takes back the rest, while others have their turns. What fails is begun again by the next call. */
  async finish(): Promise<void> {
    const done: string[] = [];
    const steps = this.#rest(done);
    while (this.#left.size > 0) {
      await nextTurn();
      if (this.#stopped) return;
      this.#db.transaction(() => takeSlice(steps));
      for (const key of done.splice(0)) this.#left.delete(key);
    }
  }

  /** The database is about to be closed. The next owner takes back the rest. */
  stop(): void {
    this.#stopped = true;
  }

  #takeBack(key: string): void {
    if (!this.#left.has(key)) return;
    this.#db.transaction(() => finish(this.#steps(key)));
    this.#left.delete(key);
  }

  *#rest(done: string[]): Steps<void> {
    for (const key of this.#left.keys()) {
      yield* this.#steps(key);
      done.push(key);
    }
  }

  *#steps(key: string): Steps<void> {
    for (const session of this.#left.get(key) ?? []) yield* undoImport(this.#db, 0, session);
  }
}

function keyOf({ dbName, sessionId }: SessionKey): string {
  return JSON.stringify([dbName, sessionId]);
}
