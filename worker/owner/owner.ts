import { ContextStoreError } from "../../src/errors.js";
import type { ImportReport } from "../../src/operations.js";
import { PROTOCOL, type Reply } from "../../src/protocol.js";
import { Answers, type Replies, type Tell } from "../answers/answers.js";
import type { Commit, Ownership } from "../channels.js";
import { failAll, refusal, success, toContextStoreError } from "../failure.js";
import { UnfinishedImport } from "../import/unfinished-import.js";
import type { Change } from "../operations/changes.js";
import { finishPurge } from "../operations/deleted.js";
import { type Batch, is, isLong, isReading, type OwnerRequest } from "../requests.js";
import { Searcher } from "../search/searcher.js";
import { META_GET } from "../sql/file.js";
import { prepareSchema } from "../operations/schema.js";
import type { Steps } from "../slices.js";
import type { Storage } from "../storage/storage.js";
import { Announcer } from "./announcer.js";
import { Executor } from "./executor.js";
import { FilesWatch } from "./files-watch.js";
import { firstReads } from "./first-reads.js";
import { LongCalls } from "./long-calls.js";
import { OtherTabs } from "./other-tabs.js";
import { Readings } from "./readings.js";
import { WriteBack } from "./write-back.js";

/** So long nobody waits for what a new owner does with what the last one left. */
const SETTLE_MS = 2000;

/** What an owner tells its worker. `lost` ends the ownership before its worker ends. */
export interface OwnerEvents {
  /** The owner must let go of the database; every call ends with this error. */
  lost(error: ContextStoreError): void;
  committed(commit: Commit): void;
  progress(client: string, report: ImportReport): void;
  /** Resolves to a port to the broker, where the browser has one. */
  findBroker(): Promise<MessagePort | undefined>;
}

export interface OwnerOptions {
  /** The database that was here before, if this page had one open. */
  readonly expectedId?: string | undefined;
  /** Whether the search index follows in the background. */
  readonly inBackground: boolean;
}

/** Holds the database: carries out what its own tab and, once it {@link Owner.serve}s, other tabs ask for. */
export class Owner {
  readonly ownership: Ownership;
  readonly #events: OwnerEvents;
  readonly #storage: Storage;
  readonly #executor: Executor;
  readonly #readings: Readings;
  readonly #long: LongCalls;
  readonly #unfinished: UnfinishedImport;
  readonly #searcher: Searcher;
  readonly #announcer: Announcer;
  readonly #writeBack: WriteBack;
  readonly #files: FilesWatch;
  readonly #answers = new Answers();
  #otherTabs: OtherTabs | undefined;
  /** Settles when every import so far has been answered. */
  #imports: Promise<unknown> = Promise.resolve();

  /** Takes over an opened database. Throws `storage-cleared` when it is not the one that was here before. */
  constructor(storage: Storage, { expectedId, inBackground }: OwnerOptions, events: OwnerEvents) {
    this.#storage = storage;
    this.#events = events;
    const { database } = storage;
    prepareSchema(storage);
    // What is being read is read to its end before.
    const editing = () => this.#readings.finish();
    this.#unfinished = new UnfinishedImport(storage, editing);
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
    this.#announcer = new Announcer(this.ownership);
    this.#writeBack = new WriteBack(storage);
    this.#files = new FilesWatch(
      () => storage.exists(),
      (error) => {
        this.#announcer.say("cleared");
        events.lost(error);
      },
    );
    this.#executor = new Executor(storage, epoch, {
      editing,
      committed: (changes, client) => this.#tell(changes, client),
    });
    this.#readings = new Readings(database, this.#executor);
    this.#searcher = new Searcher(storage, inBackground);
    this.#long = new LongCalls(storage, this.#executor, this.#searcher, this.#unfinished, {
      progress: (client, report) => this.#report(client, report),
      changed: (client, changes) => this.#tell(changes, client),
      editing,
    });
    // What the last owner left.
    this.#unfinished.finish().catch(() => {});
    setTimeout(() => storage.removeExports?.(true).catch(() => {}), SETTLE_MS);
    this.#searcher.wake(SETTLE_MS);
  }

  /** Carries out calls that arrived together; answers each in its place. Throws nothing. */
  run(batch: Batch): Replies {
    // Somebody has something to do: what can wait does so.
    this.#searcher.giveWay();
    return this.#answers.to(batch, (asked, tell) => this.carryOut(asked, tell));
  }

  /** The same in the database's terms. The first rows of a long history are told before the answer. */
  carryOut(batch: Batch, tell: Tell): Replies {
    // A defect: whoever waits for an answer gets one.
    const failed = (error: unknown) => failAll(batch)(toContextStoreError(error, "unknown"));
    try {
      const replies = this.#carryOut(batch, tell);
      return replies instanceof Promise ? replies.catch(failed) : replies;
    } catch (error) {
      return failed(error);
    }
  }

  #carryOut(batch: Batch, tell: Tell): Replies {
    this.#writeBack.putOff();
    for (const request of batch.requests) if (is(request, "abortImport")) this.#long.abortImport(request.args.importId);
    if (this.#files.sawThem) return this.#execute(batch, tell);
    if (this.#files.isLooking || isLong(batch))
      return this.#files.look().then(() => this.#execute(batch, tell), failAll(batch));
    // Nothing comes before it: it is carried out meanwhile. What is written into files that are gone, is gone with them.
    const looking = this.#files.look();
    const replies = this.#execute(batch, tell);
    return looking.then(() => replies, failAll(batch));
  }

  /** See {@link firstReads}. */
  firstReads(): Steps<void> {
    return firstReads(this.#storage.database, this.#answers.unsealer);
  }

  #execute(batch: Batch, tell: Tell): Replies {
    if (isLong(batch)) return this.#executeLong(batch);
    try {
      this.#unfinished.settle(batch.requests);
    } catch (error) {
      // There is no room to take back what an import has left. Whoever reads sees it so long.
      if (!isReading(batch))
        return batch.requests.map((request) => this.#recall(batch, request) ?? refusal(request, error));
    }
    const reading = this.#readings.read(batch, tell);
    return reading
      ? reading.then((replies) => this.#settle(batch, replies))
      : this.#settle(batch, this.#executor.execute(batch));
  }

  #executeLong(batch: Batch): Promise<readonly Reply[]> {
    const [{ name }] = batch.requests as [OwnerRequest];
    if (name === "abortImport") return this.#imports.then(() => [success(null)]);
    // By the time that it is done, the files may have gone; what has failed may have failed for that.
    const done = this.#long
      .run(batch)
      .then((replies) =>
        this.#files.sawThem && replies.every(({ ok }) => ok)
          ? replies
          : this.#files.look().then(() => replies, failAll(batch)),
      );
    if (name === "import") this.#imports = this.#imports.then(() => done);
    return done;
  }

  /** What is to be done once calls have been carried out. */
  #settle(batch: Batch, replies: readonly Reply[]): Replies {
    this.#announcer.flushDue();
    this.#writeBack.check();
    const codes = replies.map((reply) => (reply.ok ? undefined : reply.error.code));
    if (codes.includes("storage-cleared")) this.#files.lose();
    // Firefox fails the writes into files that are gone.
    else if (codes.includes("corrupt")) return this.#files.look().then(() => replies, failAll(batch));
    return replies;
  }

  /** What was carried out before is answered, whatever is in the way of the rest. */
  #recall(batch: Batch, request: OwnerRequest): Reply | undefined {
    return this.#executor.recall({ ...batch, requests: [request] })?.[0];
  }

  /** Answers other tabs from now on. */
  serve(path: string): void {
    this.#otherTabs = new OtherTabs(path, this.ownership, {
      run: (batch) => this.run(batch),
      lastCommit: () => this.#announcer.lastCommit,
      announce: () => this.#announcer.flush(),
      look: () => this.#files.look(),
      giveUp: (error) => this.#events.lost(error),
      findBroker: () => this.#events.findBroker(),
    });
    this.#announcer.open(path);
  }

  /** Lets go of the database. */
  async close(): Promise<void> {
    this.stop();
    // Chromium never comes back from closing a file whose origin's data was cleared. It goes with the worker.
    await this.#files.look().then(
      () => this.#storage.release(),
      () => {},
    );
  }

  /** Answers nobody any more. */
  stop(): void {
    this.#announcer.close();
    this.#unfinished.stop();
    this.#long.stop();
    this.#searcher.stop();
    this.#writeBack.stop();
    this.#otherTabs?.close();
  }

  #tell(changes: readonly Change[], client: string): void {
    this.#long.note(changes);
    this.#searcher.wake();
    this.#events.committed(this.#announcer.commit(client, changes));
  }

  #report(client: string, report: ImportReport): void {
    this.#events.progress(client, report);
    this.#otherTabs?.report(client, report);
  }
}
