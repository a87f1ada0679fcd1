import { ContextStoreError } from "../../src/errors.js";
import { storageCleared } from "../failure.js";
import { loadSqlite } from "../sqlite/load.js";
import { createPool, findPool, type FoundPool, PoolHeldError, takePool } from "../vfs/opfs-pool.js";
import type { Pool } from "../vfs/pool.js";
import { together } from "../vfs/together.js";
import { exportCopy, removeExports } from "./export-copy.js";
import { CAPACITY, openPoolStorage } from "./pool-storage.js";
import type { Storage } from "./storage.js";

export { findPool, type FoundPool, PoolHeldError };

/** How {@link openOpfsStorage} opens a database. */
export interface OpfsOptions {
  /** `false` rejects `storage-cleared` where there is no database. */
  readonly create: boolean;
  /** Where its files were found before. */
  readonly found?: Promise<FoundPool | undefined> | undefined;
  /** Resolves once nobody holds files that are gone; see {@link Predecessor}. */
  readonly predecessor: () => Promise<void>;
}

/**
 * Opens the database at `path` in the origin private file system. Rejects {@link PoolHeldError} while another worker
 * holds the pool's files.
 */
export async function openOpfsStorage(path: string, options: OpfsOptions): Promise<Storage> {
  if (typeof FileSystemFileHandle === "undefined" || !("createSyncAccessHandle" in FileSystemFileHandle.prototype)) {
    throw new ContextStoreError(
      "unsupported",
      'This browser cannot write files of the origin private file system from a worker; update it, or pass { storage: "memory" } to keep nothing.',
    );
  }
  // The pool is looked for and opened while the wasm is loaded.
  const [sqlite, pool] = await together(loadSqlite(), openPool(path, options), (opened) => opened.close());
  return openPoolStorage(sqlite, pool, {
    path,
    create: options.create,
    also: (vfs, database) => ({
      exportCopy: () => exportCopy(sqlite, pool, vfs, database, path),
      removeExports: (onlyOld) => removeExports(path, onlyOld),
    }),
  });
}

async function openPool(path: string, { create, found, predecessor }: OpfsOptions): Promise<Pool> {
  const pool = await openExisting(path, await found);
  if (pool) return pool;
  if (!create) throw storageCleared();
  // What is there was made when nobody held files that are gone; to make something has to wait until then. A predecessor
  // that is busy has the time to answer.
  await loadSqlite();
  await predecessor();
  return createPool(path, CAPACITY);
}

async function openExisting(path: string, known: FoundPool | undefined): Promise<Pool | undefined> {
  for (let found = known; ; found = undefined) {
    found ??= await findPool(path);
    if (!found) return undefined;
    const pool = await takePool(found, CAPACITY);
    if (pool) return pool;
  }
}
