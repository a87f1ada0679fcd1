import { ContextStoreError } from "../src/errors.js";
import { type ImportReport, type Operations, PROTOCOL, type Reply, WRITES } from "../src/protocol.js";
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
import { failAll, storageCleared } from "./failure.js";
import { firstReads } from "./first-reads.js";
import { finishPurge } from "./operations/deleted.js";
import { isLong, LongCalls } from "./long-calls.js";
import { Recent } from "./recent.js";
import { QuietTimer } from "./quiet-timer.js";
import { prepareSchema } from "./schema.js";
import { Searcher } from "./search/searcher.js";
import type { Storage } from "./storage.js";
import { META_GET } from "./tables.js";
import { UnfinishedImport } from "./unfinished-import.js";

/** After this long without a write the -wal is written back and emptied: it never shrinks by itself. */
const IDLE_MS = 2000;

/** From this size on the -wal is written back between two calls. The next owner reads all of it before it begins. */
const LONG_WAL_BYTES = 2 * 1024 * 1024;

/**
 * Commits are announced together when they follow each other faster than a screen shows frames: a message to all tabs
 * costs as much as an append.
 */
const ANNOUNCE_MS = 16;

/** How often the client of something long hears that it goes on. */
const WORKING_MS = 200;

/** No write is acknowledged that began longer than this after the files were last seen in their place. */
const PROBE_MS = 500;

/** The other tabs that are remembered. One that was forgotten costs a new channel, no more. */
const CLIENTS = 100;

/** Another tab. */
interface Client {
  readonly channel: BroadcastChannel;
  /** What it sends in an earlier turn is late; see {@link OwnerMessage}. */
  turn: number;
}

/** What ends an ownership before its worker ends. */
export interface OwnerEvents {
  /** The owner must let go of the database; every call ends with this error. */
  lost(error: ContextStoreError): void;
  committed(commit: Commit): void;
  progress(client: string, report: ImportReport): void;
}

export interface OwnerOptions {
  /** The database that was here before, if this page had one open. */
  readonly expectedId?: string | undefined;
  /** Whether the search index follows in the background. @default true */
  readonly inBackground?: boolean;
}

/** Holds the database: carries out what its own tab and, once it {@link Owner.serve}s, other tabs ask for. */
export class Owner {
  readonly ownership: Ownership;
  readonly #events: OwnerEvents;
  readonly #storage: Storage;
  readonly #executor: Executor;
  readonly #long: LongCalls;
  readonly #unfinished: UnfinishedImport;
  readonly #searcher: Searcher;
  #clients: Recent<Client> | undefined;
  #requests: BroadcastChannel | undefined;
  #all: BroadcastChannel | undefined;
  #probing: Promise<void> | undefined;
  #cleared: ContextStoreError | undefined;
  #stopped = false;
  #seen: number = performance.now();
  #commits: number;
  /** To be announced to other tabs. */
  #unannounced: Commit[] = [];
  /** When the first of them was made. */
  #unannouncedSince = 0;
  #announcing: ReturnType<typeof setTimeout> | undefined;
  #writingBack: ReturnType<typeof setTimeout> | undefined;
  /** How much of the -wal is in the main file. SQLite begins the -wal anew with the next write. */
  #writtenBack = 0;
  readonly #idle: QuietTimer = new QuietTimer(() => this.#checkpoint("TRUNCATE"));

  /** Takes over an opened database. Throws `storage-cleared` when it is not the one that was here before. */
  constructor(storage: Storage, { expectedId, inBackground = true }: OwnerOptions, events: OwnerEvents) {
    this.#storage = storage;
    this.#events = events;
    const { database } = storage;
    prepareSchema(storage);
    this.#unfinished = new UnfinishedImport(storage);
    finishPurge(storage);
    const databaseId = String(database.value(META_GET, "database_id"));
    if (expectedId !== undefined && expectedId !== databaseId) {
      throw new ContextStoreError(
        "storage-cleared",
        "The site's data was deleted, and another tab has started afresh. Connect again.",
      );
    }
    const epoch = Number(database.value(META_GET, "epoch") ?? 0) + 1;
    this.ownership = { protocol: PROTOCOL, databaseId, epoch, owner: crypto.randomUUID() };
    this.#commits = firstCommit(this.ownership);
    this.#executor = new Executor(storage, epoch, (changes, client) => this.#tell(changes, client));
    this.#searcher = new Searcher(storage, inBackground);
    this.#long = new LongCalls(storage, this.#executor, this.#searcher, this.#unfinished, {
      progress: (client, report) => this.#report(client, report),
      changed: (client, changes) => this.#tell(changes, client),
    });
    // What the last owner left.
    this.#unfinished.finish().catch(() => {});
    this.#searcher.wake(IDLE_MS);
  }

  /** Carries out calls that arrived together; answers each in its place. */
  run(batch: Batch): readonly Reply[] | Promise<readonly Reply[]> {
    this.giveWay();
    this.#idle.restart(IDLE_MS);
    for (const { name, args } of batch.requests) {
      if (name === "abortImport") this.#long.abortImport((args as Parameters<Operations["abortImport"]>[0]).importId);
    }
    if (this.#sawFiles) return this.#execute(batch);
    if (this.#probing || !isReading(batch)) return this.#probe().then(() => this.#execute(batch), failAll(batch));
    // Nothing comes before it, and it changes nothing: it is carried out meanwhile.
    const probing = this.#probe();
    const replies = this.#execute(batch);
    return probing.then(() => replies, failAll(batch));
  }

  /** Somebody has something to do: what can wait does so. */
  giveWay(): void {
    this.#searcher.giveWay();
  }

  /** See {@link firstReads}. */
  firstReads(): ReturnType<typeof firstReads> {
    return firstReads(this.#storage.database);
  }

  /** Whether the files were seen a short while ago. */
  get #sawFiles(): boolean {
    return !this.#probing && performance.now() - this.#seen <= PROBE_MS;
  }

  #execute(batch: Batch): readonly Reply[] | Promise<readonly Reply[]> {
    if (isLong(batch)) {
      // By the time that it is done, the files may have gone.
      return this.#long
        .run(batch)
        .then((replies) => (this.#sawFiles ? replies : this.#probe().then(() => replies, failAll(batch))));
    }
    try {
      this.#unfinished.settle(batch.requests);
    } catch (error) {
      return failAll(batch)(error);
    }
    const replies = this.#executor.execute(batch);
    // Where calls pour in, timers are late.
    if (performance.now() - this.#unannouncedSince > ANNOUNCE_MS) this.#announceCommits();
    // Not before they are on their way: it takes many times as long as a commit.
    const walBytes = this.#storage.walBytes();
    if (walBytes > LONG_WAL_BYTES && walBytes !== this.#writtenBack)
      this.#writingBack ??= setTimeout(() => this.#writeBack());
    const codes = replies.map((reply) => (reply.ok ? undefined : reply.error.code));
    if (codes.includes("storage-cleared")) this.#lose();
    // Firefox fails the writes into files that are gone.
    else if (codes.includes("corrupt")) return this.#probe().then(() => replies, failAll(batch));
    return replies;
  }

  /** Rejects, and ends the ownership, when the files are no longer where they were. */
  #probe(): Promise<void> {
    this.#probing ??= this.#look().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  async #look(): Promise<void> {
    const asked = performance.now();
    // Asked once more after it said no, Chromium takes seconds to answer.
    if (this.#cleared || !(await this.#storage.exists())) throw this.#lose();
    this.#seen = asked;
  }

  #lose(): ContextStoreError {
    if (!this.#cleared) {
      this.#cleared = storageCleared();
      this.#announce({ type: "cleared", ownership: this.ownership });
      this.#events.lost(this.#cleared);
    }
    return this.#cleared;
  }

  /** Answers other tabs from now on. */
  serve(path: string): void {
    this.#clients = new Recent(
      CLIENTS,
      (client): Client => ({ channel: clientChannel(path, client), turn: 0 }),
      ({ channel }) => channel.close(),
    );
    this.#requests = ownerChannel(path);
    this.#requests.addEventListener("message", ({ data }: MessageEvent<OwnerMessage>) => void this.#answer(data));
    this.#all = announcementChannel(path);
    this.#announce({ type: "owner", ownership: this.ownership });
  }

  /** Lets go of the database. */
  async close(): Promise<void> {
    this.stop();
    // Chromium never comes back from closing a file whose origin's data was cleared. It goes with the worker.
    await this.#probe().then(
      () => this.#storage.release(),
      () => {},
    );
  }

  /** Answers nobody any more. */
  stop(): void {
    this.#announceCommits();
    this.#stopped = true;
    this.#unfinished.stop();
    this.#long.stop();
    this.#searcher.stop();
    this.#idle.stop();
    clearTimeout(this.#writingBack);
    this.#requests?.close();
    this.#all?.close();
    this.#clients?.clear();
  }

  async #answer(message: OwnerMessage): Promise<void> {
    if (message.type === "hello") {
      if (message.protocol > PROTOCOL) return this.#giveWay();
      this.#post(message.client, { type: "working", ownership: this.ownership });
      // Whoever comes after the site's data was cleared must not join those who have not noticed.
      await this.#probe().then(
        () => this.#post(message.client, { type: "owner", ownership: this.ownership }),
        () => {},
      );
      return;
    }
    const { ownership, batch, deadline, turn } = message;
    if (this.#stopped || !sameOwnership(ownership, this.ownership)) return;
    const seqs = batch.requests.map(({ seq }) => seq);
    const client = this.#clients!.get(batch.client);
    // Calls of a page are carried out in order: what follows something late waits until that has come again.
    if (Date.now() > deadline) client.turn = Math.max(client.turn, turn + 1);
    if (turn < client.turn) {
      this.#post(batch.client, { type: "late", ownership, seqs, turn: client.turn });
      return;
    }
    const replies = await this.#whileSayingSo(batch.client, this.run(batch));
    // Who reads, and listens then, must not hear of what was there when it read.
    if (isReading(batch)) this.#announceCommits();
    this.#post(batch.client, {
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
    this.#long.note(changes);
    this.#searcher.wake();
    const commit = { client, commit: ++this.#commits, changes };
    this.#events.committed(commit);
    // Also where no other tab has said a word to this owner: a follower learns of it by its announcement alone.
    if (this.#unannounced.push(commit) === 1) {
      this.#unannouncedSince = performance.now();
      this.#announcing = setTimeout(() => this.#announceCommits(), ANNOUNCE_MS);
    }
  }

  #announceCommits(): void {
    const commits = this.#unannounced;
    if (commits.length === 0) return;
    clearTimeout(this.#announcing);
    this.#unannounced = [];
    this.#announce({ type: "commits", ownership: this.ownership, commits });
  }

  #report(client: string, report: ImportReport): void {
    this.#events.progress(client, report);
    this.#post(client, { type: "working", ownership: this.ownership, progress: report });
  }

  #announce(announcement: Announcement): void {
    if (!this.#stopped) this.#all?.postMessage(announcement);
  }

  /** An import takes its time: the client hears that it goes on, and does not give up. */
  async #whileSayingSo<Value>(client: string, work: Value | Promise<Value>): Promise<Value> {
    if (!(work instanceof Promise)) return work;
    const timer = setInterval(() => this.#post(client, { type: "working", ownership: this.ownership }), WORKING_MS);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  #post(client: string, message: ClientMessage): void {
    if (!this.#stopped) this.#clients?.get(client).channel.postMessage(message);
  }

  #writeBack(): void {
    this.#writingBack = undefined;
    this.#checkpoint("PASSIVE");
    this.#writtenBack = this.#storage.walBytes();
  }

  #checkpoint(mode: "PASSIVE" | "TRUNCATE"): void {
    try {
      this.#storage.database.run(`PRAGMA wal_checkpoint(${mode})`);
    } catch {
      // A full disk. The rows are safe in the -wal, and the next idle moment tries again.
    }
  }
}

/** Whether it can be carried out at once, and leaves everything as it is. */
function isReading(batch: Batch): boolean {
  return !isLong(batch) && batch.requests.every(({ name }) => !WRITES.has(name));
}
