import { type SearchOperation, WRITES } from "../../src/operations.js";
import type { Reply } from "../../src/protocol.js";
import { failure, isFailedFlush, refusal, success, toContextStoreError } from "../failure.js";
import type { Import } from "../import/import.js";
import { type Change, changesOf } from "../operations/changes.js";
import { type Batch, is, type OwnerOperation, type OwnerRequest } from "../requests.js";
import { META_SET } from "../sql/file.js";
import type { Database } from "../sqlite/database.js";
import { checkSpelling, createTables, dbNames } from "../operations/schema.js";
import type { Storage } from "../storage/storage.js";
import { HANDLERS, type OwnerOperations } from "./handlers.js";
import { LastWrites } from "./last-writes.js";
import { Ledger } from "./ledger.js";

type Handler = (args: unknown, storage: Storage, incoming?: Import) => unknown;

/** What there is to read of a prefix that nobody has written to: it has no tables. */
const NOTHING: {
  readonly [Name in OwnerOperation]?: Awaited<ReturnType<OwnerOperations[Name & keyof OwnerOperations]>>;
} = {
  messages: [],
  tokens: { inputTokens: 0, outputTokens: 0 },
  sessions: "[]",
  deletedSessions: "[]",
  projects: [],
};

/** Writes that change, move or remove complete messages, or complete one with those that follow it. */
const EDITS: ReadonlySet<OwnerOperation> = new Set([
  "splice",
  "finish",
  "abort",
  "clear",
  "deleteSession",
  "restoreSession",
  "import",
  "repair",
]);

/** What an executor tells of its work. */
export interface ExecutorEvents {
  /** Messages are about to be changed, moved or removed. */
  editing?(): void;
  /** What a commit has changed, and which page asked for it. */
  committed?(changes: readonly Change[], client: string): void;
}

/** Writes of a batch that share a transaction, until it has been committed. */
interface Group {
  /** By the call's number: what the ledger remembers. */
  readonly results: Map<number, unknown>;
  /** The places in the batch that wait for the commit. */
  readonly places: number[];
  readonly changes: Change[];
  /** The prefixes that an import has brought. */
  readonly dbNames: string[];
}

/**
 * Carries out calls, in order, on the one connection. Writes that arrive together are committed together, and answered
 * after that; each of them alone is all or nothing.
 */
export class Executor {
  readonly #storage: Storage;
  readonly #db: Database;
  readonly #ledger: Ledger;
  readonly #lastWrites: LastWrites;
  readonly #dbNames: Set<string>;
  readonly #epoch: number;
  readonly #events: ExecutorEvents;
  #hasWritten = false;
  /** An earlier owner may have died, or failed, before it had flushed what it had committed. */
  #hasFlushedOlder = false;
  #synchronous: "FULL" | "NORMAL" = "NORMAL";

  /**
   * `epoch` is written to the file with the first write, so that a full disk can be opened and read.
   */
  constructor(storage: Storage, epoch: number = 1, events: ExecutorEvents = {}) {
    this.#epoch = epoch;
    this.#events = events;
    this.#storage = storage;
    this.#db = storage.database;
    this.#ledger = new Ledger(storage.database);
    this.#lastWrites = new LastWrites(storage.database);
    this.#dbNames = new Set(dbNames(storage.database));
  }

  /** Answers each request in its place. `incoming`: what an import has brought in. */
  execute(batch: Batch, incoming?: Import): Reply[] {
    try {
      this.#ledger.settle(batch.client, batch.unanswered);
    } catch (error) {
      // Where it is damaged nothing can be written any more. Whoever reads need not know.
      return batch.requests.map((request) =>
        WRITES.has(request.name) ? refusal(request, error) : this.#read(request),
      );
    }
    // A savepoint keeps a copy of every page that changes, for the one write in thousands that is refused. So they are set
    // only the second time; what was answered the first time, before the transaction that failed, stays answered.
    const replies: Reply[] = [];
    if (!this.#carryOut(batch, replies, false, incoming)) this.#carryOut(batch, replies, true, incoming);
    return replies;
  }

  /**
   * Adds the replies that are missing. False where a write was refused that took others of its transaction with it: then
   * those from there on are still missing.
   */
  #carryOut({ client, requests }: Batch, replies: Reply[], withSavepoints: boolean, incoming?: Import): boolean {
    const refused = this.#prepareTables(requests);
    let group: Group | undefined;
    const commit = () => {
      if (group) this.#commit(client, group, replies);
      group = undefined;
    };
    for (let place = replies.length; place < requests.length; place++) {
      const request = requests[place]!;
      const refusal = refused.get(dbNameOf(request));
      if (refusal) {
        replies[place] = refusal;
        continue;
      }
      if (!WRITES.has(request.name)) {
        commit();
        replies[place] = this.#read(request);
        continue;
      }
      const known = this.#recorded(client, request);
      if (known) {
        replies[place] = known;
        continue;
      }
      try {
        group ??= this.#begin(requests);
      } catch (error) {
        replies[place] = failure(error);
        continue;
      }
      const isApart = withSavepoints && group.places.length > 0;
      this.#write(request, place, group, { replies, isApart, incoming });
      if (this.#db.inTransaction) continue;
      if (!replies[place]!.ok && group.places.some((written) => replies[written]!.ok)) {
        replies.length = group.places[0]!;
        return false;
      }
      group = undefined;
    }
    commit();
    return true;
  }

  /** The answers of writes all of which were carried out before, so that nothing long is done for them again. */
  recall({ client, unanswered, requests }: Batch): Reply[] | undefined {
    this.#ledger.settle(client, unanswered);
    const replies = requests.flatMap((request) => this.#recorded(client, request) ?? []);
    return replies.length === requests.length ? replies : undefined;
  }

  #recorded(client: string, { seq, terms }: OwnerRequest): Reply | undefined {
    const reply = this.#ledger.answer(client, seq);
    if (!reply?.ok || !terms.full || this.#hasFlushedOlder) return reply;
    try {
      this.#storage.flush();
      this.#hasFlushedOlder = true;
      return reply;
    } catch (error) {
      return failure(toContextStoreError(error, "unknown"));
    }
  }

  #begin(requests: readonly OwnerRequest[]): Group {
    const synchronous = requests.some(({ terms }) => terms.full) ? "FULL" : "NORMAL";
    if (synchronous !== this.#synchronous) {
      this.#db.run(`PRAGMA synchronous=${synchronous}`);
      this.#synchronous = synchronous;
    }
    if (requests.some(({ name }) => EDITS.has(name))) this.#events.editing?.();
    this.#lastWrites.begin();
    this.#db.run("BEGIN IMMEDIATE");
    return { results: new Map(), places: [], changes: [], dbNames: [] };
  }

  #write(
    request: OwnerRequest,
    place: number,
    group: Group,
    { replies, isApart, incoming }: { replies: Reply[]; isApart: boolean; incoming: Import | undefined },
  ): void {
    if (isApart) this.#db.run("SAVEPOINT operation");
    try {
      const { changeCount } = this.#db;
      const result = this.#apply(request, incoming);
      if (isApart) this.#db.run("RELEASE operation");
      group.results.set(request.seq, result);
      group.places.push(place);
      const isImport = request.name === "import";
      if (isImport) group.dbNames.push(...dbNames(this.#db));
      // SQLite does not count what only an index has come to.
      if (this.#db.changeCount !== changeCount || request.name === "repair")
        group.changes.push(...changesOf(request, result, isImport ? group.dbNames : this.#dbNames));
      replies[place] = success(result);
    } catch (error) {
      replies[place] = failure(error);
      if (!this.#db.inTransaction) {
        // After some errors (a full disk) SQLite has rolled the whole transaction back.
        for (const lost of group.places) replies[lost] = replies[place];
      } else if (isApart) {
        this.#db.run("ROLLBACK TO operation");
        this.#db.run("RELEASE operation");
      } else {
        this.#db.rollback();
      }
    }
  }

  #commit(client: string, group: Group, replies: Reply[]): void {
    try {
      if (group.places.length > 0) this.#ledger.record(client, group.results);
      if (!this.#hasWritten) this.#enter();
      this.#db.run("COMMIT");
      this.#hasWritten = true;
      for (const dbName of group.dbNames) this.#dbNames.add(dbName);
      this.#ledger.commit(client, group.results);
      this.#lastWrites.committed(group.changes);
    } catch (error) {
      this.#db.rollback();
      // What could not be flushed lies in the -wal: should the worker die before the next write, a recovery takes it for
      // committed.
      const outcome = isFailedFlush(error) ? "unknown" : "not-applied";
      // Made once: what OPFS itself had thrown is told to the first who asks.
      const failed = failure(toContextStoreError(error, outcome));
      for (const place of group.places) replies[place] = failed;
      return;
    }
    if (group.changes.length > 0) this.#events.committed?.(group.changes, client);
  }

  /** Before an import commits its first slice, which others hear of. */
  enter(): void {
    if (this.#hasWritten) return;
    this.#db.transaction(() => this.#enter());
    this.#hasWritten = true;
  }

  /** What the first write of an ownership brings with it, in its transaction. */
  #enter(): void {
    this.#db.run(META_SET, "epoch", String(this.#epoch));
    this.#ledger.purge();
  }

  #apply<Name extends OwnerOperation>(request: OwnerRequest<Name>, incoming?: Import): unknown {
    // What takes its time, or is no matter of the database, never comes here: it travels alone.
    const handle = HANDLERS[
      request.name as Exclude<Name, SearchOperation | "abortImport" | "check" | "rest">
    ] as Handler;
    return handle(request.args, this.#storage, incoming);
  }

  /** Prefixes that are written to for the first time get their tables, in transactions of their own. Gives those refused. */
  #prepareTables(requests: readonly OwnerRequest[]): Map<string | undefined, Reply> {
    const refused = new Map<string | undefined, Reply>();
    const writes = requests.filter(({ name }) => WRITES.has(name));
    for (const dbName of new Set(writes.map(dbNameOf))) {
      if (!this.#lacksTables(dbName)) continue;
      try {
        this.#db.transaction(() => createTables(this.#db, dbName));
        this.#dbNames.add(dbName);
      } catch (error) {
        refused.set(dbName, failure(error));
      }
    }
    return refused;
  }

  /** Whether the page that asks has the answer. */
  isSeen(request: OwnerRequest): boolean {
    const seen = "seen" in request.args ? request.args.seen : undefined;
    if (seen === undefined) return false;
    if (is(request, "messages")) return this.#lastWrites.areThoseOf(seen, request.args.session);
    return seen === this.#db.version;
  }

  #read(request: OwnerRequest): Reply {
    const dbName = dbNameOf(request);
    try {
      if (this.#lacksTables(dbName)) {
        checkSpelling(this.#db, dbName);
        return success(NOTHING[request.name]);
      }
      const { version } = this.#db;
      return success(this.isSeen(request) ? null : this.#apply(request), version);
    } catch (error) {
      return failure(error);
    }
  }

  #lacksTables(dbName: string | undefined): dbName is string {
    return dbName !== undefined && !this.#dbNames.has(dbName);
  }
}

function dbNameOf({ args }: OwnerRequest): string | undefined {
  if ("session" in args) return args.session.dbName;
  return "dbName" in args ? args.dbName : undefined;
}
