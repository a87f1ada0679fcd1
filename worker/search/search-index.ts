import type { Database } from "../sqlite/database.js";
import {
  INDEX_META_GET,
  INDEX_META_SET,
  INDEX_NAMES,
  INDEX_TABLES,
  indexTables,
  LAST_GET,
  LAST_SET,
  PARTIAL_GET,
  PARTIAL_REMOVE,
  PARTIAL_SET,
} from "./index-sql.js";
import { type Scope, scopeWords } from "./scope.js";
import { partsOf } from "./word-parts.js";
import { fold, FORMAT, wordsOf } from "./words.js";

/** What the index has of a text: its words, and the parts of them that are found like words. */
export interface Entry {
  readonly body: string;
  readonly parts: string;
}

/** Gives nothing of a text that is too long for the engine's patterns: it must not keep the others from being found. */
export function entryOf(text: string): Entry {
  try {
    const folded = fold(text);
    return { body: wordsOf(folded).join(" "), parts: partsOf(text, folded).join(" ") };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { body: "", parts: "" };
  }
}

/** What the index is made of does not fit: it is made anew. */
export class StaleIndexError extends Error {
  override readonly name = "StaleIndexError" as const;
}

/** The opened index: which words are in which message. */
export class SearchIndex {
  readonly #db: Database;
  /** By message. What was not committed must not count as indexed. */
  readonly #states = new Map<string, string>();
  #added = 0;

  /** Throws {@link StaleIndexError} where it is another database's, or was made by other rules. */
  constructor(db: Database, databaseId: string) {
    this.#db = db;
    db.exec(INDEX_TABLES);
    const made = `${FORMAT}:${databaseId}`;
    const found = db.value(INDEX_META_GET, "made");
    // Nothing is written to one that is there: it is read on a full disk, too.
    if (found === undefined) db.run(INDEX_META_SET, "made", made);
    else if (found !== made) throw new StaleIndexError(`the index is of ${String(found)}`);
    // Its pages are read by searches and by nobody else.
    db.run("PRAGMA cache_size=-4096");
  }

  get dbNames(): string[] {
    return this.#db.rows(INDEX_NAMES).map(([name]) => String(name));
  }

  /** The last message that was indexed: ids grow, and are never used again. */
  lastId(dbName: string): number {
    return Number(this.#db.value(LAST_GET, dbName) ?? 0);
  }

  setLastId(dbName: string, id: number): void {
    this.#db.run(LAST_SET, dbName, id);
  }

  /** Makes the tables of a prefix, if they are not there. */
  prepare(dbName: string): void {
    if (this.#db.value(LAST_GET, dbName) !== undefined) return;
    this.#db.transaction(() => {
      this.#db.exec(indexTables(dbName).create);
      this.#db.exec(indexTables(dbName).rank);
      this.setLastId(dbName, 0);
    });
  }

  begin(): void {
    if (!this.#db.inTransaction) this.#db.run("BEGIN IMMEDIATE");
  }

  commit(): void {
    if (this.#db.inTransaction) this.#db.run("COMMIT");
  }

  rollback(): void {
    this.#db.rollback();
    this.#states.clear();
  }

  /** How many messages it has got since it was opened. */
  get added(): number {
    return this.#added;
  }

  add(dbName: string, id: number, { body, parts }: Entry, scope: Scope): void {
    this.#db.run(indexTables(dbName).insert, id, body, parts, scopeWords(scope).join(" "));
    this.#added++;
  }

  remove(dbName: string, id: number): void {
    this.#db.run(indexTables(dbName).remove, id);
  }

  /** How many messages are in it, those that are gone included. */
  count(dbName: string): number {
    return Number(this.#db.value(indexTables(dbName).count));
  }

  has(dbName: string, id: number): boolean {
    return this.#db.value(indexTables(dbName).has, id) !== undefined;
  }

  /** Messages that were still being written when they were indexed. */
  partials(dbName: string): number[] {
    return this.#db.rows(PARTIAL_GET, dbName).map(([id]) => Number(id));
  }

  /** `state`: in which it was indexed; nothing when it is partial no longer. */
  setPartial(dbName: string, id: number, state: string | undefined): void {
    this.#db.run(state === undefined ? PARTIAL_REMOVE : PARTIAL_SET, dbName, id);
    if (state === undefined) this.#states.delete(`${dbName} ${id}`);
    else this.#states.set(`${dbName} ${id}`, state);
  }

  /** In which state a partial message was indexed, if that was since the index was opened. */
  stateOf(dbName: string, id: number): string | undefined {
    return this.#states.get(`${dbName} ${id}`);
  }

  /** The ids of the messages that match, in this order. */
  find(dbName: string, match: string, order: "best" | "newest", limit: number): number[] {
    return JSON.parse(String(this.#db.value(indexTables(dbName)[order], match, limit))) as number[];
  }

  /** Ids in the index behind this one, some at a time. */
  idsAfter(dbName: string, id: number): number[] {
    return this.#db.rows(indexTables(dbName).ids, id).map(([found]) => Number(found));
  }

  /** After a sweep: writes the file anew, without the bytes of what was removed. */
  erase(): void {
    for (const dbName of this.dbNames) this.#db.run(indexTables(dbName).optimize);
    this.#db.vacuum();
    this.checkpoint();
  }

  checkpoint(): void {
    this.#db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** What SQLite finds wrong with the file and with the words in it. */
  check(): string[] {
    const found = this.#db.rows("PRAGMA integrity_check(3)").map(([problem]) => String(problem));
    return found.join() === "ok" ? [] : found;
  }
}
