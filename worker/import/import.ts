import { ContextStoreError, type ErrorCode } from "../../src/errors.js";
import type { ImportProgress, ImportSummary } from "../../src/reports.js";
import type { Change } from "../operations/changes.js";
import { fold } from "../operations/parts.js";
import { finish, type Steps } from "../slices.js";
import { DESCRIBED_BEGIN } from "../sql/imports.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";
import { createTables, dbNames } from "../operations/schema.js";
import { ImportJournal } from "./import-journal.js";
import { IncomingPlan } from "./incoming-plan.js";
import { inspectIncoming } from "./incoming.js";
import { Merge } from "./merge.js";

/** The import of one opened foreign file. */
export class Import {
  readonly #db: Database;
  readonly #plan: IncomingPlan;
  readonly #merges: readonly Merge[];
  readonly #journal: ImportJournal;
  readonly #counts: { -readonly [Key in keyof ImportSummary]: ImportSummary[Key] };
  #isMerged = false;
  #total = 0;
  #done = 0;

  /** `editing`: messages are about to be removed, and moved. */
  constructor(db: Database, staged: Database, editing: () => void) {
    const { histories, ignoredTables } = inspectIncoming(staged);
    this.#db = db;
    this.#plan = new IncomingPlan(staged, histories);
    this.#journal = new ImportJournal(db, editing);
    this.#counts = {
      sessionsAdded: 0,
      sessionsExtended: 0,
      sessionsForked: 0,
      sessionsUnchanged: 0,
      messagesAdded: 0,
      ignoredTables,
    };
    this.#merges = histories.map(
      (incoming, history) => new Merge(db, staged, this.#plan, history, incoming, this.#journal, this.#counts),
    );
  }

  /** Reads what the file holds. Changes nothing. */
  *prepare(): Steps<void> {
    yield* this.#plan.make();
    this.#total = this.#plan.messageCount;
  }

  /** Adds what is missing here. A transaction may end after each step; {@link Import.complete} makes it stay. */
  *merge(): Steps<void> {
    for (const sql of DESCRIBED_BEGIN) this.#db.run(sql);
    for (const merge of this.#merges) {
      createTables(this.#db, merge.dbName);
      fold(this.#db, merge.dbName);
      yield* merge.run();
    }
    this.#isMerged = true;
  }

  /** Ends the transaction of some steps. */
  flush(): void {
    this.#journal.flush();
  }

  /** What another call has changed meanwhile. */
  note(changes: readonly Change[]): void {
    for (const merge of this.#merges) for (const change of changes) merge.note(change);
  }

  get progress(): ImportProgress {
    const done = this.#merges.reduce((sum, merge) => sum + merge.messagesDone, 0);
    // What is begun again does not count backwards.
    this.#done = Math.max(this.#done, done);
    return { phase: "merge", done: this.#done, total: this.#total };
  }

  /** Takes back what {@link Import.merge} has done. */
  undo(): Steps<void> {
    return this.#journal.undo();
  }

  /** The last step, in the transaction that answers the call. */
  complete(mode: "merge" | "replace"): ImportSummary {
    if (mode === "replace" && this.#merges.length === 0) {
      const message = "The file to import is an SQLite database without a chat history. Nothing was imported.";
      throw new ContextStoreError("not-a-database", message);
    }
    if (mode === "replace")
      for (const dbName of dbNames(this.#db)) for (const sql of tables(dbName).deleteAll) this.#db.run(sql);
    if (!this.#isMerged) finish(this.merge());
    for (const merge of this.#merges) merge.complete();
    this.#journal.clear();
    this.#db.run(DESCRIBED_BEGIN[1]);
    return this.#counts;
  }
}

/** Refuses what SQLite could not open, or would open as something else, before anything is read of it. */
export async function checkFileHeader(file: Blob): Promise<void> {
  const header = new DataView(await file.slice(0, 100).arrayBuffer());
  const refuse = (code: ErrorCode, what: string) => {
    throw new ContextStoreError(code, `The file to import ${what}. Nothing was imported.`);
  };
  if (file.size === 0) refuse("not-a-database", "is empty");
  const magic = new TextDecoder().decode(header.buffer.slice(0, 16));
  if (magic !== "SQLite format 3\0") refuse("not-a-database", "does not begin as an SQLite database does");
  if (header.byteLength < 100) refuse("corrupt", "is cut off in its header");
  // https://www.sqlite.org/fileformat2.html#the_database_header
  const pageSize = header.getUint16(16) === 1 ? 65536 : header.getUint16(16);
  if (file.size % pageSize !== 0) refuse("corrupt", `is cut off: ${file.size} bytes are no whole number of pages`);
  if (header.getUint32(56) > 1)
    refuse("unsupported", "holds its text as UTF-16; copy it into a database of UTF-8 first");
}
