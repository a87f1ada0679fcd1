import { ContextStoreError } from "../../src/errors.js";
import type { SearchArgs } from "../../src/operations.js";
import type { IntegrityProblem, SearchStatus } from "../../src/reports.js";
import { toContextStoreError } from "../failure.js";
import { QuietTimer } from "../quiet-timer.js";
import { nextTurn, type Steps, takeSlice } from "../slices.js";
import { turns } from "../turns.js";
import { META_GET } from "../sql/file.js";
import { tables } from "../sql/tables.js";
import { dbNames } from "../operations/schema.js";
import type { Storage } from "../storage/storage.js";
import { checkIndex } from "./check-index.js";
import { find, type FoundMessage } from "./find.js";
import { catchUp, sweep } from "./indexer.js";
import { SearchIndex, StaleIndexError } from "./search-index.js";

/** The index is brought up to date once nothing was written for so long. */
const QUIET_MS = 200;

/** While nobody waits for the index: how long it takes the worker in one go, and then leaves it to others. */
const BACKGROUND_SLICE_MS = 4;
const PAUSE_MS = 5;

/** Whoever called so recently goes on calling, and has the worker meanwhile, for so long at most. */
const RECENT_MS = 15;
const LONGEST_PAUSE_MS = 250;

/** So many messages may be gone before the index is rid of them. */
const MANY_DEAD = 1000;

/** What an index that is made anew would not put right. */
const NOT_ITS_FAULT: ReadonlySet<string> = new Set(["quota", "closed", "storage-cleared"]);

/**
 * Keeps the search index of a database and searches in it. The index lies in a file of its own and follows the messages:
 * in the background, and before each search. What is wrong with it is put right by making it anew.
 */
export class Searcher {
  readonly #storage: Storage;
  readonly #inBackground: boolean;
  #index: SearchIndex | undefined;
  /** How often the index was made anew: then it may find what it had not found in the same messages. */
  drops = 0;
  /** One use of the index after the other. */
  readonly #inTurn = turns();
  #waiting = 0;
  /** When others were last there; see {@link Searcher.giveWay}. */
  #called = -Infinity;
  readonly #quiet: QuietTimer = new QuietTimer(() => this.#follow());
  #stopped = false;
  /** How many messages the index gets until it is asked again whether most of it is gone. */
  #untilCounted = 0;

  constructor(storage: Storage, inBackground: boolean) {
    this.#storage = storage;
    this.#inBackground = inBackground;
  }

  /** Messages may have changed: the index follows soon. */
  wake(delay: number = QUIET_MS): void {
    if (!this.#stopped && this.#inBackground) this.#quiet.restart(delay);
  }

  /** Others have something to do: whoever reads a history in many calls shall not wait for the index at each of them. */
  giveWay(): void {
    this.#called = performance.now();
  }

  #follow(): void {
    // What fails here fails again, and is told, when somebody searches.
    this.#inTurn(() => this.#repairing((index) => this.#update(index))).catch(() => {});
  }

  /** The messages that a query finds, best first: of all that is committed now. */
  search(args: SearchArgs): Promise<readonly FoundMessage[]> {
    return this.#wanted(() => this.#repairing((index) => this.#find(index, args)));
  }

  /** How far the index has come. */
  status(): SearchStatus {
    const { database } = this.#storage;
    let total = 0;
    let left = 0;
    for (const dbName of dbNames(database)) {
      const sql = tables(dbName);
      total += Number(database.value(sql.countAll));
      left += Number(database.value(sql.countAfter, this.#lastId(dbName)));
    }
    return { indexed: Math.max(0, total - left), total };
  }

  /** What is wrong with the index. Where there is none, nothing is. */
  check(): Promise<readonly IntegrityProblem[]> {
    const { database } = this.#storage;
    return this.#wanted(async () => {
      if (!this.#storage.hasIndex()) return [];
      try {
        return await this.#run(checkIndex(database, this.#open(), dbNames(database)));
      } catch (cause) {
        if (cause instanceof StaleIndexError) {
          this.#drop();
          this.wake();
          return [];
        }
        const error = toContextStoreError(cause);
        if (NOT_ITS_FAULT.has(error.code)) throw error;
        return [{ kind: "index", detail: error.message, repairable: true }];
      }
    });
  }

  /** Removes the index. It is made anew in the background, or by the next search. */
  rebuild(): Promise<void> {
    return this.#wanted(async () => {
      this.#drop();
      this.wake();
    });
  }

  /** Removes what the index has of messages that are gone, the bytes of it too, and then does `work`. */
  erasing(work: () => void): Promise<void> {
    return this.#wanted(async () => {
      try {
        if (this.#storage.hasIndex()) await this.#run(this.#sweep(this.#open()));
      } catch (error) {
        if (this.#stopped) throw error;
        // Made anew, it knows nothing of them either.
        this.#drop();
      }
      work();
    });
  }

  /** The database is about to be closed. */
  stop(): void {
    this.#stopped = true;
    this.#quiet.stop();
  }

  *#update(index: SearchIndex): Steps<void> {
    for (const dbName of dbNames(this.#storage.database)) yield* this.#catchUp(index, dbName);
    if (this.#isMostlyDead(index)) yield* this.#sweep(index);
  }

  /** Whether most of what the index holds is gone: asked once it has got half as much again, since it counts all of it. */
  #isMostlyDead(index: SearchIndex): boolean {
    if (index.added < this.#untilCounted) return false;
    this.#untilCounted = index.added + MANY_DEAD;
    const { database } = this.#storage;
    const isDead = index.dbNames.map((dbName) => {
      const sql = tables(dbName);
      const alive = Number(database.value(sql.countAll)) + Number(database.value(sql.countDeleted));
      this.#untilCounted += alive / 2;
      return index.count(dbName) > 2 * alive + MANY_DEAD;
    });
    return isDead.includes(true);
  }

  *#find(index: SearchIndex, args: SearchArgs): Steps<readonly FoundMessage[]> {
    const { database } = this.#storage;
    if (!dbNames(database).includes(args.dbName)) return [];
    yield* this.#catchUp(index, args.dbName);
    return yield* find(database, index, args);
  }

  #catchUp(index: SearchIndex, dbName: string): Steps<void> {
    return catchUp(this.#storage.database, index, dbName, () => this.#storage.flush());
  }

  #sweep(index: SearchIndex): Steps<void> {
    const { database } = this.#storage;
    // What a power failure takes back must still be found.
    this.#storage.flush();
    const known = new Set(dbNames(database));
    return sweep(database, index, (dbName) => known.has(dbName));
  }

  #lastId(dbName: string): number {
    try {
      return this.#open().lastId(dbName);
    } catch {
      // Whoever searches makes it anew.
      return 0;
    }
  }

  /** Somebody waits for this: work in the background takes no pauses meanwhile. */
  async #wanted<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#waiting++;
    try {
      return await this.#inTurn(work);
    } finally {
      this.#waiting--;
    }
  }

  /** Makes the index anew, once, when it is damaged. */
  async #repairing<Result>(work: (index: SearchIndex) => Steps<Result>): Promise<Result> {
    try {
      return await this.#run(work(this.#open()));
    } catch (cause) {
      const error = toContextStoreError(cause);
      if (this.#stopped || NOT_ITS_FAULT.has(error.code)) throw error;
      this.#drop();
      return this.#run(work(this.#open()));
    }
  }

  async #run<Result>(steps: Steps<Result>): Promise<Result> {
    try {
      for (;;) {
        if (this.#stopped) throw new ContextStoreError("closed", "The database was closed during the search.");
        const done = this.#waiting > 0 ? takeSlice(steps) : takeSlice(steps, BACKGROUND_SLICE_MS);
        if (done) return done.result;
        if (this.#waiting > 0) await nextTurn();
        else await this.#pause();
      }
    } catch (error) {
      // Closing it rolls back, too.
      if (!this.#stopped) this.#index?.rollback();
      throw error;
    }
  }

  async #pause(): Promise<void> {
    const end = performance.now() + LONGEST_PAUSE_MS;
    const isBusy = () => performance.now() < Math.min(end, this.#called + RECENT_MS);
    do await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    while (isBusy() && this.#waiting === 0);
  }

  #open(): SearchIndex {
    const id = this.#storage.database.value(META_GET, "database_id");
    return (this.#index ??= new SearchIndex(this.#storage.openIndex(), String(id)));
  }

  #drop(): void {
    this.drops++;
    this.#index = undefined;
    this.#untilCounted = 0;
    this.#storage.dropIndex();
  }
}
