import { ContextStoreError } from "../src/errors.js";
import {
  ALONE,
  type ImportProgress,
  type ImportReport,
  type Operations,
  PROTOCOL,
  type Reply,
} from "../src/protocol.js";
import {
  type Announcement,
  type ClientMessage,
  type Commit,
  clientChannel,
  firstCommit,
  type OwnerMessage,
  ownerChannel,
  type Ownership,
  announcementChannel,
  sameOwnership,
} from "./channels.js";
import { type Batch, Executor } from "./executor.js";
import type { Change } from "./changes.js";
import { failure, success } from "./failure.js";
import { undoImport } from "./import-journal.js";
import { ImportRun } from "./import-run.js";
import { checkIntegrity } from "./integrity.js";
import { dbNames, prepareSchema } from "./schema.js";
import { finish, inSlices } from "./slices.js";
import type { Storage } from "./storage.js";
import { META_GET, META_SET } from "./tables.js";

/** After this long without a write the -wal is written back and emptied: it never shrinks by itself. */
const IDLE_MS = 2000;

/** From this size on a database is not exported by way of the memory. */
const LARGE_BYTES = 16 * 1024 * 1024;

/** How often the client of something long hears that it goes on. */
const WORKING_MS = 200;

/** No write is acknowledged that began longer than this after the files were last seen in their place. */
const PROBE_MS = 500;

/** What ends an ownership before its worker ends. */
export interface OwnerEvents {
  /** The owner must let go of the database; every call ends with this error. */
  lost(error: ContextStoreError): void;
  committed(commit: Commit): void;
  progress(client: string, report: ImportReport): void;
}

/** Holds the database: carries out what its own tab and, once it {@link Owner.serve}s, other tabs ask for. */
export class Owner {
  readonly ownership: Ownership;
  readonly #events: OwnerEvents;
  readonly #storage: Storage;
  readonly #executor: Executor;
  readonly #clients = new Map<string, BroadcastChannel>();
  #requests: BroadcastChannel | undefined;
  #all: BroadcastChannel | undefined;
  #probing: Promise<void> | undefined;
  #seen: number = performance.now();
  #imports: Promise<unknown> = Promise.resolve();
  #running: ImportRun | undefined;
  readonly #aborted = new Set<string>();
  #commits: number;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** Takes over an opened database. Throws `storage-cleared` when it is not the one that was here before. */
  constructor(storage: Storage, expectedId: string | undefined, events: OwnerEvents) {
    this.#storage = storage;
    this.#events = events;
    const { database } = storage;
    prepareSchema(storage);
    // A death in the middle of an import leaves what it had added.
    database.transaction(() => finish(undoImport(database)));
    const databaseId = String(database.value(META_GET, "database_id"));
    if (expectedId !== undefined && expectedId !== databaseId) {
      throw new ContextStoreError(
        "storage-cleared",
        "The site's data was deleted, and another tab has started afresh. Connect again.",
      );
    }
    const epoch = Number(database.value(META_GET, "epoch") ?? 0) + 1;
    database.run(META_SET, "epoch", String(epoch));
    this.ownership = { protocol: PROTOCOL, databaseId, epoch };
    this.#commits = firstCommit(this.ownership);
    this.#executor = new Executor(storage, (changes, client) => this.#tell(changes, client));
  }

  /** Carries out calls that arrived together; answers each in its place. */
  run(batch: Batch): readonly Reply[] | Promise<readonly Reply[]> {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#checkpoint(), IDLE_MS);
    const long = batch.requests.findIndex(({ name }) => ALONE.has(name));
    if (long >= 0 && batch.requests.length > 1) return this.#runApart(batch, long);
    for (const { name, args } of batch.requests) {
      if (name === "abortImport") this.#abortImport(args as Parameters<Operations["abortImport"]>[0]);
    }
    if (batch.requests.some(({ name }) => name === "check")) return this.#check(batch);
    if (batch.requests.some(({ name }) => name === "export")) {
      // Not in the middle of an import.
      const exported = this.#imports.then(() => this.#export(batch));
      this.#imports = exported;
      return exported;
    }
    if (batch.requests.some(({ name }) => name === "import")) {
      // One at a time: there is room for one staged file.
      const imported = this.#imports.then(() => this.#import(batch));
      this.#imports = imported;
      return imported;
    }
    if (!this.#probing && performance.now() - this.#seen > PROBE_MS) this.#probing = this.#probe();
    if (this.#probing) return this.#probing.then(() => this.#execute(batch)).catch(failAll(batch));
    return this.#execute(batch);
  }

  /** Calls that are sent again to a new owner come together, also those that travelled alone. */
  async #runApart(batch: Batch, long: number): Promise<readonly Reply[]> {
    const part = (from: number, to?: number) => this.run({ ...batch, requests: batch.requests.slice(from, to) });
    return (await Promise.all([part(0, long), part(long, long + 1), part(long + 1)])).flat();
  }

  async #check(batch: Batch): Promise<readonly Reply[]> {
    try {
      const report = await inSlices(checkIntegrity(this.#storage.database));
      return batch.requests.map(() => success(report));
    } catch (error) {
      return failAll(batch)(error);
    }
  }

  async #export(batch: Batch): Promise<readonly Reply[]> {
    const { database } = this.#storage;
    const size = Number(database.value("PRAGMA page_count")) * Number(database.value("PRAGMA page_size"));
    try {
      if (size < LARGE_BYTES || !this.#storage.exportCopy) return await this.#execute(batch);
      const copy = await this.#storage.exportCopy();
      return batch.requests.map(() => success(copy));
    } catch (error) {
      return failAll(batch)(error);
    }
  }

  #execute(batch: Batch): readonly Reply[] | Promise<readonly Reply[]> {
    const replies = this.#executor.execute(batch);
    // An exported file holds what was purged, too.
    if (this.#storage.removeExports && batch.requests.some(({ name }) => name === "purgeDeleted")) {
      return this.#storage.removeExports().then(() => replies, failAll(batch));
    }
    // Firefox fails the writes into files that are gone.
    if (!replies.some((reply) => !reply.ok && reply.error.code === "corrupt")) return replies;
    return this.#probe().then(() => replies, failAll(batch));
  }

  /** Rejects, and ends the ownership, when the files are no longer where they were. */
  async #probe(): Promise<void> {
    const asked = performance.now();
    const exists = await this.#storage.exists();
    this.#probing = undefined;
    this.#seen = asked;
    if (exists) return;
    const message = "The site's data was deleted while the database was open. Connect again to start afresh.";
    const error = new ContextStoreError("storage-cleared", message);
    this.#announce({ type: "cleared", ownership: this.ownership });
    this.#events.lost(error);
    throw error;
  }

  /** Answers other tabs from now on. */
  serve(path: string): void {
    this.#requests = ownerChannel(path);
    this.#requests.addEventListener("message", ({ data }: MessageEvent<OwnerMessage>) => void this.#answer(path, data));
    this.#all = announcementChannel(path);
    this.#announce({ type: "owner", ownership: this.ownership });
  }

  /** Lets go of the database. */
  close(): void {
    this.stop();
    this.#storage.release();
  }

  /** Answers nobody any more. */
  stop(): void {
    this.#running?.stop();
    clearTimeout(this.#idle);
    this.#requests?.close();
    this.#all?.close();
    for (const channel of this.#clients.values()) channel.close();
  }

  async #answer(path: string, message: OwnerMessage): Promise<void> {
    if (message.type === "hello") {
      if (message.protocol > PROTOCOL) return this.#giveWay();
      this.#post(path, message.client, { type: "owner", ownership: this.ownership });
      return;
    }
    const { ownership, batch, deadline } = message;
    if (!sameOwnership(ownership, this.ownership)) return;
    const seqs = batch.requests.map(({ seq }) => seq);
    if (Date.now() > deadline) {
      this.#post(path, batch.client, { type: "late", ownership, seqs });
      return;
    }
    const replies = await this.#whileSayingSo(path, batch.client, this.run(batch));
    this.#post(path, batch.client, {
      type: "replies",
      ownership,
      replies: seqs.map((seq, place) => [seq, replies[place]!]),
    });
  }

  /** A newer version of the application must not wait for an older one, which cannot know what it needs. */
  #giveWay(): void {
    const message = "Another tab runs a newer version of this application. Reload this page to get it.";
    this.#events.lost(new ContextStoreError("protocol-mismatch", message));
  }

  #tell(changes: readonly Change[], client: string): void {
    this.#running?.note(changes);
    const commit = { client, commit: ++this.#commits, changes };
    this.#events.committed(commit);
    // Also where no other tab has said a word to this owner: a follower learns of it by its announcement alone.
    this.#announce({ type: "commit", ownership: this.ownership, commit });
  }

  #announce(announcement: Announcement): void {
    this.#all?.postMessage(announcement);
  }

  /** An import takes its time: the client hears that it goes on, and does not give up. */
  async #whileSayingSo<Value>(path: string, client: string, work: Value | Promise<Value>): Promise<Value> {
    if (!(work instanceof Promise)) return work;
    const timer = setInterval(
      () => this.#post(path, client, { type: "working", ownership: this.ownership }),
      WORKING_MS,
    );
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  #post(path: string, client: string, message: ClientMessage): void {
    let channel = this.#clients.get(client);
    if (!channel) this.#clients.set(client, (channel = clientChannel(path, client)));
    channel.postMessage(message);
  }

  async #import(batch: Batch): Promise<readonly Reply[]> {
    const args = batch.requests[0]!.args as Parameters<Operations["import"]>[0];
    const { importId } = args;
    try {
      const recalled = this.#executor.recall(batch);
      if (recalled) return recalled;
      const onProgress = (progress: ImportProgress) => {
        this.#events.progress(batch.client, { importId, progress });
        const channel = this.#clients.get(batch.client);
        channel?.postMessage({ type: "working", ownership: this.ownership, progress: { importId, progress } });
      };
      const onUndone = () => {
        const changes = dbNames(this.#storage.database).map((dbName): Change => ({ kind: "import", dbName }));
        this.#tell(changes, batch.client);
      };
      this.#running = new ImportRun(this.#storage, args, onProgress, onUndone);
      if (this.#aborted.has(importId)) this.#running.abort(importId);
      return await this.#running.run((incoming) => this.#executor.execute(batch, incoming));
    } catch (error) {
      return failAll(batch)(error);
    } finally {
      this.#running = undefined;
      this.#aborted.delete(importId);
    }
  }

  #abortImport({ importId }: Parameters<Operations["abortImport"]>[0]): void {
    this.#aborted.add(importId);
    this.#running?.abort(importId);
  }

  #checkpoint(): void {
    try {
      this.#storage.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // A full disk. The rows are safe in the -wal, and the next idle moment tries again.
    }
  }
}

/** Answers every call of the batch with the same error. */
function failAll(batch: Batch): (error: unknown) => readonly Reply[] {
  return (error) => batch.requests.map(() => failure(error));
}
