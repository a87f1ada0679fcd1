import type { SessionKey } from "../../src/operations.js";
import type { Change } from "../operations/changes.js";
import type { Database } from "../sqlite/database.js";

/** The most sessions whose last write is remembered. */
const SESSIONS = 1000;

/**
 * When sessions were written to last, so that who has read one need not get it again because another one was written to.
 * Time is the number of rows that the connection has changed.
 */
export class LastWrites {
  readonly #database: Database;
  /** The one that was written to longest ago first. */
  readonly #writes = new Map<string, number>();
  /** No other session was written to after that. */
  #others = 0;
  /** Of all that was changed until then it is known to which sessions it belongs. */
  #known = 0;

  constructor(database: Database) {
    this.#database = database;
    this.#forget();
  }

  /** Before each transaction: of what was changed outside of them nobody says to which sessions it belongs. */
  begin(): void {
    if (this.#database.changeCount !== this.#known) this.#forget();
  }

  /** A transaction has changed this, and nothing else that a session shows. */
  committed(changes: readonly Change[]): void {
    this.#known = this.#database.changeCount;
    for (const { dbName, sessionId } of changes) {
      if (sessionId === undefined) return this.#forget();
      const name = nameOf(dbName, sessionId);
      this.#writes.delete(name);
      this.#writes.set(name, this.#known);
      const [oldest] = this.#writes;
      if (this.#writes.size <= SESSIONS) continue;
      this.#others = oldest![1];
      this.#writes.delete(oldest![0]);
    }
  }

  /** Whether the session's messages are those of this version of the database. */
  areThoseOf(version: string, { dbName, sessionId }: SessionKey): boolean {
    this.begin();
    const time = Number(version.slice(version.lastIndexOf(":") + 1));
    const last = this.#writes.get(nameOf(dbName, sessionId)) ?? this.#others;
    return time >= last && version === this.#database.versionAt(time);
  }

  #forget(): void {
    this.#writes.clear();
    this.#others = this.#known = this.#database.changeCount;
  }
}

/** Sessions of one id in several projects share their positions. */
function nameOf(dbName: string, sessionId: string): string {
  return `${dbName} ${sessionId}`;
}
