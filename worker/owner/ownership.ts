import { ownerLock } from "../../src/database-directory.js";
import { ContextStoreError } from "../../src/errors.js";
import { nextLock } from "../channels.js";
import { hold, type Release } from "../locks.js";
import { loadSqlite } from "../sqlite/load.js";
import { findPool, type FoundPool, openOpfsStorage, PoolHeldError } from "../storage/opfs-storage.js";
import { Owner, type OwnerEvents, type OwnerOptions } from "./owner.js";
import { rehearse } from "./rehearsal.js";

/** Whoever is next in the queue prepares for it after so long, and rehearses later while calls are under way. */
const PREPARE_MS = 500;

/** In the middle of its preparation a tab has so long for the calls that are under way. */
const BREATH_MS = 100;

/** So often; a tab that always has calls under way rehearses then. */
const PUT_OFF = 2;

/** Whose turn it is to be the owner. */
export interface Turn {
  readonly release: Release;
  /** Where the files were when it was waited for, as far as that is known. */
  readonly found: Promise<FoundPool | undefined>;
}

/** The turn if nobody has it now. */
export async function tryTurn(path: string): Promise<Turn | undefined> {
  const found = findPool(path).catch(unknown);
  const release = await hold(ownerLock(path), { ifAvailable: true });
  return release && { release, found };
}

/**
 * The turn once all who asked before have let go of it. The first of those who wait prepares itself when it has no
 * calls of its tab under way, or has had some for long; the others need not. Rejects when `signal` fires.
 */
export async function awaitTurn(path: string, signal: AbortSignal, isIdle: () => boolean): Promise<Turn> {
  const isNoLongerNext = (await hold(nextLock(path), { signal }))!;
  let found: Promise<FoundPool | undefined> = Promise.resolve(undefined);
  let turn = 0;
  let isOver = false;
  const pause = async () => {
    await new Promise((resolve) => setTimeout(resolve, isIdle() ? 0 : BREATH_MS));
    // What is left of a rehearsal would only keep the first calls waiting.
    if (isOver) throw new Error("It is no rehearsal any more.");
  };
  const timer = setInterval(() => {
    if (turn === 0) found = load(path).catch(unknown);
    if (!isIdle() && turn++ < PUT_OFF) return;
    clearInterval(timer);
    rehearse(pause).catch(unknown);
  }, PREPARE_MS);
  try {
    return { release: (await hold(ownerLock(path), { signal }))!, found };
  } finally {
    isOver = true;
    clearInterval(timer);
    isNoLongerNext();
  }
}

/** What costs a tab that has calls under way next to nothing: the wasm is compiled beside it. */
async function load(path: string): Promise<FoundPool | undefined> {
  const [pool] = await Promise.all([findPool(path), loadSqlite()]);
  return pool;
}

/** What fails now fails again, and is told, when it is needed. */
function unknown(): undefined {}

/** Under which conditions {@link openAsOwner} opens the database. */
export interface Conditions {
  /** Milliseconds that another worker may hold the files. */
  readonly patience: number;
  /** Fires when nobody wants it any more. */
  readonly signal: AbortSignal;
  readonly found: Promise<FoundPool | undefined> | undefined;
  /** Resolves once nobody holds files that are gone; see {@link Predecessor}. */
  readonly predecessor: () => Promise<void>;
}

/**
 * Opens the database as its owner. To be called under the lock, which is only the queue: the pool's files are the real
 * mutex, and the last owner's may be open for some milliseconds after its lock has gone.
 */
export async function openAsOwner(
  path: string,
  options: OwnerOptions,
  { patience, signal, found, predecessor }: Conditions,
  events: OwnerEvents,
): Promise<Owner> {
  const end = performance.now() + patience;
  for (let pause = 2; ; pause = Math.min(pause * 2, 50)) {
    try {
      const storage = await openOpfsStorage(path, {
        create: options.expectedId === undefined,
        found,
        predecessor,
      });
      try {
        return new Owner(storage, options, events);
      } catch (error) {
        // Nothing is changed: the -wal is not written back.
        storage.database.writeBackOnClose(false);
        storage.release();
        throw error;
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (performance.now() > end) {
        const message =
          "Another worker holds the database's files and does not let go. Close other tabs of this site, or wait, and try again.";
        throw new ContextStoreError("busy", message, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      signal.throwIfAborted();
    }
  }
}

/** While the site's data is being cleared, Firefox aborts whatever asks for the file system (seen in 153). */
function isPassing(error: unknown): boolean {
  return error instanceof PoolHeldError || (error instanceof DOMException && error.name === "AbortError");
}
