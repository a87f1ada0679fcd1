import { ContextStoreError } from "../src/errors.js";
import { Database } from "./database.js";
import { exportCopy, removeExports } from "./export-copy.js";
import { directoryOf, poolDirectory } from "./opfs-directory.js";
import { checkPoolHeaders } from "./pool-headers.js";
import { loadSqlite, type Sqlite3Static } from "./sqlite.js";
import type { Storage } from "./storage.js";

type Pool = Awaited<ReturnType<Sqlite3Static["installOpfsSAHPoolVfs"]>>;

const MAIN = "/history.sqlite";
const STAGED = "/staged.sqlite";
const BACKUP = "/before-migration.sqlite";

/** Database, -wal, a staged file, a copy during a migration, and room for SQLite's temporary files. */
const CAPACITY = 6;

/** Another worker still holds the pool's files. It passes; try again. */
export class PoolHeldError extends Error {}

/**
 * Opens the database at `path` in the origin private file system. Rejects {@link PoolHeldError} while another worker
 * holds the pool's files. `create: false` rejects `storage-cleared` where there is no database.
 */
export async function openOpfsStorage(path: string, { create }: { create: boolean }): Promise<Storage> {
  if (typeof FileSystemFileHandle === "undefined" || !("createSyncAccessHandle" in FileSystemFileHandle.prototype)) {
    throw new ContextStoreError(
      "unsupported",
      'This browser cannot write files of the origin private file system from a worker; update it, or pass { storage: "memory" } to keep nothing.',
    );
  }
  const sqlite3 = await loadSqlite();
  await held(checkPoolHeaders(path));
  const pool = await held(installPool(sqlite3, path));
  try {
    await pool.reserveMinimumCapacity(CAPACITY);
    const names = pool.getFileNames();
    if (!create && !names.includes(MAIN)) {
      throw new ContextStoreError(
        "storage-cleared",
        "The site's data was deleted while the database was open. Connect again to start afresh.",
      );
    }
    if (!names.includes(MAIN) && names.includes(`${MAIN}-wal`)) {
      throw new ContextStoreError(
        "corrupt",
        `The database ${JSON.stringify(path)} has lost its main file. What is left of it was not changed.`,
      );
    }
    // A crash in the middle of an import leaves its copy behind.
    if (names.includes(STAGED)) pool.unlink(STAGED);
    const db = new pool.OpfsSAHPoolDb(MAIN);
    const database = new Database(sqlite3, db);
    try {
      enterWal(database);
    } catch (error) {
      database.close();
      throw error;
    }
    const exporting = {
      exportCopy: () => exportCopy(sqlite3, pool, db, path),
      removeExports: () => removeExports(path),
    };
    return { ...opfsStorage(sqlite3, pool, database, await probeOf(path)), ...exporting };
  } catch (error) {
    pool.pauseVfs();
    throw error;
  }
}

/** Tells a pool that is held elsewhere from what went wrong for good. */
async function held<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "NoModificationAllowedError")
      throw new PoolHeldError("held", { cause });
    throw cause;
  }
}

function installPool(sqlite3: Sqlite3Static, path: string): Promise<Pool> {
  const directory = directoryOf(path);
  const options = {
    name: directory,
    directory,
    initialCapacity: CAPACITY,
    // Errors are logged: that is how they reach takeIoError().
    verbosity: 1,
    // With the defaults of these two, an install that fails because another tab holds the files deletes the database
    // when that tab lets go in the same instant.
    preserveOnInitFailure: true,
    forceReinitIfPreviouslyFailed: true,
  };
  return sqlite3.installOpfsSAHPoolVfs(options);
}

/** Without EXCLUSIVE there is no WAL on this VFS: SQLite then silently stays with a rollback journal. */
export function enterWal(database: Database): void {
  database.run("PRAGMA locking_mode=EXCLUSIVE");
  const mode = database.value("PRAGMA journal_mode=WAL");
  if (mode !== "wal") {
    throw new ContextStoreError(
      "unsupported",
      `SQLite could not enter WAL mode here: it answered ${JSON.stringify(mode)}.`,
    );
  }
  database.run("PRAGMA synchronous=NORMAL");
  database.run("PRAGMA trusted_schema=OFF");
}

/**
 * Asks whether a file of the pool is still there. By its random name: after the site's data was cleared, another tab may
 * have made a new database in a directory of the same name.
 */
async function probeOf(path: string): Promise<() => Promise<boolean>> {
  const directory = await poolDirectory(path);
  const { value: name } = await directory.keys().next();
  return () =>
    directory.getFileHandle(name!).then(
      () => true,
      () => false,
    );
}

function opfsStorage(sqlite3: Sqlite3Static, pool: Pool, database: Database, exists: () => Promise<boolean>): Storage {
  let staged: Database | undefined;
  return {
    database,
    exists,
    exportFile() {
      // The bytes of the main file alone leave out what still lies in the -wal.
      const busy = database.value("PRAGMA wal_checkpoint(TRUNCATE)");
      if (busy !== 0) throw new Error("the -wal could not be written back");
      return pool.exportFile(MAIN) as Uint8Array<ArrayBuffer>;
    },
    async stage(file) {
      const chunks = file[Symbol.asyncIterator]();
      await pool.importDb(STAGED, async () => {
        const chunk = await chunks.next();
        return chunk.done === true ? undefined : chunk.value;
      });
      staged = new Database(sqlite3, new pool.OpfsSAHPoolDb(STAGED));
      return staged;
    },
    unstage() {
      staged?.close();
      staged = undefined;
      pool.unlink(STAGED);
    },
    makeBackup() {
      pool.unlink(BACKUP);
      database.exec(`VACUUM INTO '${BACKUP}'`);
    },
    dropBackup() {
      pool.unlink(BACKUP);
    },
    release() {
      try {
        staged?.close();
        database.close();
        pool.pauseVfs();
      } catch {
        // Closing writes the -wal back, which fails when the files are gone or the disk is full. The rows are safe in the
        // -wal, and the handles go with the worker.
      }
    },
  };
}
