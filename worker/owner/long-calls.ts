import type { SearchHit } from "../../src/messages.js";
import { BETWEEN, type ImportReport, type ListText, type Operations, type SearchArgs } from "../../src/operations.js";
import type { Reply } from "../../src/protocol.js";
import type { ImportProgress, IntegrityReport } from "../../src/reports.js";
import { failAll, success, toContextStoreError } from "../failure.js";
import { ImportRun } from "../import/import-run.js";
import type { UnfinishedImport } from "../import/unfinished-import.js";
import type { Change } from "../operations/changes.js";
import { eraseFreePages, lastPurge } from "../operations/deleted.js";
import { checkIntegrity } from "../operations/integrity.js";
import { foldForExport } from "../operations/parts.js";
import type { Batch } from "../requests.js";
import type { Searcher } from "../search/searcher.js";
import { Snippets } from "../search/snippets.js";
import { inSlices } from "../slices.js";
import { turns } from "../turns.js";
import { dbNames } from "../operations/schema.js";
import type { Storage } from "../storage/storage.js";
import { clientDeath } from "./client-death.js";
import type { Executor } from "./executor.js";

/** From this size on a database is not exported by way of the memory. */
const LARGE_BYTES = 16 * 1024 * 1024;

type ImportArgs = Parameters<Operations["import"]>[0];

/** What long calls tell while they go on. */
export interface LongCallEvents {
  progress(client: string, report: ImportReport): void;
  changed(client: string, changes: readonly Change[]): void;
  /** Messages are about to be removed, and moved. */
  editing(this: void): void;
}

/** Carries out calls that take their time: in slices, between which others have their turn. */
export class LongCalls {
  readonly #storage: Storage;
  readonly #executor: Executor;
  readonly #searcher: Searcher;
  readonly #snippets = new Snippets();
  readonly #unfinished: UnfinishedImport;
  readonly #events: LongCallEvents;
  /** Imports and exports, one at a time: there is room for one copy, and no export of half an import. */
  readonly #inTurn = turns();
  #import: ImportRun | undefined;
  /** Imports that their callers have aborted: a few, and a copy of the call may still come. */
  readonly #aborted = new Set<string>();

  constructor(
    storage: Storage,
    executor: Executor,
    searcher: Searcher,
    unfinished: UnfinishedImport,
    events: LongCallEvents,
  ) {
    this.#unfinished = unfinished;
    this.#storage = storage;
    this.#executor = executor;
    this.#searcher = searcher;
    this.#events = events;
  }

  run(batch: Batch): Promise<readonly Reply[]> {
    return this.#run(batch).catch(failAll(batch));
  }

  /** Ends the import soon that was given this id, or will be. */
  abortImport(importId: string): void {
    this.#aborted.add(importId);
    if (this.#import?.importId === importId) this.#import.abort();
  }

  /** Other calls have changed this meanwhile. */
  note(changes: readonly Change[]): void {
    this.#import?.note(changes);
  }

  /** The database is about to be closed. */
  stop(): void {
    this.#import?.stop();
  }

  async #run(batch: Batch): Promise<readonly Reply[]> {
    const [request] = batch.requests;
    switch (request!.name) {
      case "import":
        return this.#inTurn(() => this.#runImport(batch, request!.args as ImportArgs));
      case "export":
        return this.#inTurn(() => this.#export(batch));
      case "purgeDeleted":
        // Nothing is awaited before: what is deleted from now on is not meant.
        return this.#purge(batch);
      case "search":
        await this.#finishUnlessFull();
        return [await this.#search(request!.args as SearchArgs)];
      case "searchStatus":
        return [success(this.#searcher.status())];
      case "rebuildIndex":
        return [success((await this.#searcher.rebuild()) ?? null)];
      default:
        await this.#finishUnlessFull();
        return [success(await this.#check())];
    }
  }

  /** What an import has left is gone before anyone looks at all sessions, unless there is no room to take it back. */
  async #finishUnlessFull(): Promise<void> {
    try {
      await this.#unfinished.finish();
    } catch (cause) {
      const error = toContextStoreError(cause);
      if (error.code !== "quota") throw error;
    }
  }

  async #search(args: SearchArgs): Promise<Reply> {
    const versionNow = () => `${this.#storage.database.version}:${this.#searcher.drops}`;
    const version = versionNow();
    if (args.seen === version) return success(null, version);
    const hits = this.#snippets.hits(args.query, await this.#searcher.search(args));
    const list: ListText<SearchHit> = `[${hits.map((hit) => JSON.stringify(hit)).join(BETWEEN)}]`;
    // Others may have written meanwhile.
    return versionNow() === version ? success(list, version) : success(list);
  }

  async #check(): Promise<IntegrityReport> {
    const { problems } = await inSlices(checkIntegrity(this.#storage.database));
    const all = [...problems, ...(await this.#searcher.check())];
    return { ok: all.length === 0, problems: all };
  }

  async #runImport(batch: Batch, args: ImportArgs): Promise<readonly Reply[]> {
    const recalled = this.#executor.recall(batch);
    if (recalled) return recalled;
    await this.#unfinished.finish();
    this.#executor.enter();
    const { client } = batch;
    const { importId } = args;
    const progress = (now: ImportProgress) => this.#events.progress(client, { importId, progress: now });
    const undone = () => {
      const changes = dbNames(this.#storage.database).map((dbName): Change => ({ kind: "import", dbName }));
      this.#events.changed(client, changes);
    };
    const run = new ImportRun(this.#storage, args, { progress, editing: this.#events.editing, undone });
    if (this.#aborted.has(importId)) run.abort();
    const ended = new AbortController();
    // Nobody is left who could hear that it was made. A page whose worker alone died asks for it again.
    clientDeath(client, ended.signal).then(
      () => run.abort(),
      () => {},
    );
    this.#import = run;
    try {
      return await run.run((incoming) => this.#executor.execute(batch, incoming));
    } finally {
      ended.abort();
      this.#import = undefined;
      // What there was no room to take back before the file to import was gone.
      if (this.#unfinished.look()) this.#unfinished.finish().then(undone, () => {});
    }
  }

  async #export(batch: Batch): Promise<readonly Reply[]> {
    await this.#finishUnlessFull();
    const { database } = this.#storage;
    if (database.sizeBytes < LARGE_BYTES || !this.#storage.exportCopy) return this.#executor.execute(batch);
    foldForExport(database);
    return [success(await this.#storage.exportCopy())];
  }

  /** Its transaction is a short one. What takes its time is to erase the bytes, also in the index and in exported files. */
  async #purge(batch: Batch): Promise<readonly Reply[]> {
    const replies = this.#executor.execute(batch);
    const [reply] = replies as [Reply];
    if (!reply.ok) return replies;
    try {
      // No copy that is being made may keep what was purged.
      await this.#inTurn(async () => {
        const purge = lastPurge(this.#storage);
        // Nothing was found, and nothing is left of an earlier purge.
        if (reply.value === 0 && purge === undefined) return;
        await this.#storage.removeExports?.();
        await this.#searcher.erasing(() => eraseFreePages(this.#storage, purge));
      });
    } catch (error) {
      // The sessions are gone all the same.
      throw toContextStoreError(error, "unknown");
    }
    return replies;
  }
}
