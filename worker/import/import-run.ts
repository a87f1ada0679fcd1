import { ContextStoreError } from "../../src/errors.js";
import type { Operations } from "../../src/operations.js";
import type { Reply } from "../../src/protocol.js";
import type { ImportProgress } from "../../src/reports.js";
import { toContextStoreError } from "../failure.js";
import type { Change } from "../operations/changes.js";
import { nextTurn, type Steps, takeSlice } from "../slices.js";
import type { Storage } from "../storage/storage.js";
import { checkFileHeader, Import } from "./import.js";
import { checkPages } from "./incoming.js";
import { applyWal } from "./wal-file.js";

/** How often the page hears of progress, in milliseconds. */
const PROGRESS_MS = 50;

/** What an import tells while it goes on. */
export interface ImportEvents {
  progress(this: void, progress: ImportProgress): void;
  /** Messages are about to be removed, and moved. */
  editing(this: void): void;
  /** What others may have seen of it is gone again. */
  undone(this: void): void;
}

/**
 * One import, from the file to the last transaction: slices of some milliseconds between which other calls are carried
 * out. What it adds is written down in the same transactions, and taken back when it does not come to its end.
 */
export class ImportRun {
  readonly #storage: Storage;
  readonly #args: Parameters<Operations["import"]>[0];
  readonly #events: ImportEvents;
  #incoming: Import | undefined;
  #aborted = false;
  #isUndoing = false;
  #stopped = false;
  #told = 0;

  constructor(storage: Storage, args: Parameters<Operations["import"]>[0], events: ImportEvents) {
    this.#events = events;
    this.#storage = storage;
    this.#args = args;
  }

  /** `complete` carries out the call itself, in the transaction that answers it. */
  async run(complete: (incoming: Import) => readonly Reply[]): Promise<readonly Reply[]> {
    await checkFileHeader(this.#args.file);
    try {
      const incoming = await this.#stage();
      await this.#prepare(incoming);
      return await this.#merge(incoming, complete);
    } finally {
      await this.#unstage();
    }
  }

  get importId(): string {
    return this.#args.importId;
  }

  /** Ends it soon. */
  abort(): void {
    this.#aborted = true;
  }

  /** The database is closed, or about to be: nothing is touched any more. The next owner takes back what was added. */
  stop(): void {
    this.#stopped = true;
  }

  /** What other calls have changed meanwhile. */
  note(changes: readonly Change[]): void {
    this.#incoming?.note(changes);
  }

  async #stage(): Promise<Import> {
    const { file, wal } = this.#args;
    return notSound(async () => {
      const staged = await this.#storage.stage(
        this.#copied(wal && wal.size > 0 ? applyWal(file, wal) : chunksOf(file)),
      );
      checkPages(staged);
      return new Import(this.#storage.database, staged, this.#events.editing);
    });
  }

  async #unstage(): Promise<void> {
    const steps = this.#storage.removeLeftovers();
    while (!this.#stopped && !takeSlice(steps)) await nextTurn();
  }

  async *#copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const total = this.#args.file.size;
    let done = 0;
    this.#tell({ phase: "copy", done, total }, true);
    for await (const chunk of chunks) {
      this.#check();
      yield chunk;
      done += chunk.length;
      this.#tell({ phase: "copy", done: Math.min(done, total), total }, done >= total);
    }
  }

  #prepare(incoming: Import): Promise<void> {
    return notSound(() => this.#inSlices(incoming.prepare(), (work) => work()));
  }

  async #merge(incoming: Import, complete: (incoming: Import) => readonly Reply[]): Promise<readonly Reply[]> {
    this.#incoming = incoming;
    const { database } = this.#storage;
    try {
      this.#tell(incoming.progress, true);
      // Others wait while the -wal is written back and flushed: often a little rather than now and then much.
      database.run("PRAGMA wal_autocheckpoint=200");
      // What takes the place of everything must do so in one transaction.
      if (this.#args.mode === "merge") {
        await notSound(
          () =>
            this.#inSlices(incoming.merge(), (work) =>
              database.transaction(() => {
                const done = work();
                incoming.flush();
                return done;
              }),
            ),
          ", or the database,",
        );
      }
      this.#check();
      const replies = complete(incoming);
      if (replies.every(({ ok }) => ok)) this.#tell(incoming.progress, true);
      else await this.#undo(incoming);
      return replies;
    } catch (error) {
      await this.#undo(incoming);
      throw error;
    } finally {
      this.#incoming = undefined;
      if (!this.#stopped) database.run("PRAGMA wal_autocheckpoint=0");
    }
  }

  async #undo(incoming: Import): Promise<void> {
    this.#isUndoing = true;
    const { database } = this.#storage;
    await this.#inSlices(incoming.undo(), (work) => database.transaction(work));
    if (incoming.progress.done > 0) this.#events.undone();
  }

  async #inSlices(
    steps: Steps<void>,
    around: (work: () => { readonly result: void } | undefined) => { readonly result: void } | undefined,
  ): Promise<void> {
    for (;;) {
      this.#check();
      if (around(() => takeSlice(steps))) return;
      if (this.#incoming) this.#tell(this.#incoming.progress, false);
      await nextTurn();
    }
  }

  #check(): void {
    if (this.#stopped) throw new ContextStoreError("closed", "The database was closed during the import.");
    if (!this.#aborted || this.#isUndoing) return;
    throw new ContextStoreError("aborted", "The import was aborted by its signal. Nothing was imported.");
  }

  #tell(progress: ImportProgress, always: boolean): void {
    const now = performance.now();
    if (!always && now - this.#told < PROGRESS_MS) return;
    this.#told = now;
    this.#events.progress(progress);
  }
}

/** What is wrong with the file, in the words of an import. */
async function notSound<Value>(work: () => Promise<Value>, orOurs = ""): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    const error = toContextStoreError(cause);
    if (cause instanceof ContextStoreError || error.code === "quota" || error.code === "not-found") throw error;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new ContextStoreError("corrupt", `The file to import${orOurs} is damaged: ${what}. Nothing was imported.`, {
      cause,
    });
  }
}

async function* chunksOf(file: Blob): AsyncGenerator<Uint8Array> {
  const size = 1024 * 1024;
  for (let at = 0; at < file.size; at += size) yield new Uint8Array(await file.slice(at, at + size).arrayBuffer());
}
