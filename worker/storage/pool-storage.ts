import { ContextStoreError } from "../../src/errors.js";
import { toContextStoreError } from "../failure.js";
import type { Database } from "../sqlite/database.js";
import { OPEN_MAIN_DB } from "../sqlite/exports.js";
import type { Sqlite } from "../sqlite/sqlite.js";
import type { Pool } from "../vfs/pool.js";
import { SteadyWriter } from "../vfs/steady-writer.js";
import { PoolVfs } from "../vfs/vfs.js";
import { checkFiles, damaged } from "./check-files.js";
import { COPY } from "./export-copy.js";
import { removeInSteps } from "./remove-in-steps.js";
import type { Storage } from "./storage.js";

const MAIN = "/history.sqlite";
const STAGED = "/staged.sqlite";
const BACKUP = "/before-migration.sqlite";
const INDEX = "/search.sqlite";

/** Database and search index with their -wals, a staged file with its plan, and two for what SQLite or a migration copies. */
export const CAPACITY = 8;

/** In a database's header: the versions of the format for writing and for reading, which say whether it has a -wal. */
const JOURNAL_MODE_AT = 18;

/** How {@link openPoolStorage} opens a database. */
export interface PoolStorageOptions {
  /** What messages call the database. */
  readonly path: string;
  /** `false` throws `storage-cleared` where there is no database. */
  readonly create: boolean;
  /** What else a storage in this place can do. */
  readonly also?: (vfs: PoolVfs, database: Database) => Partial<Storage>;
}

/** Opens the database in the files of a pool. They are closed when this throws. */
export function openPoolStorage(sqlite: Sqlite, pool: Pool, { path, create, also }: PoolStorageOptions): Storage {
  try {
    checkFiles(path, pool, MAIN, create);
    const vfs = new PoolVfs(sqlite, pool);
    try {
      const database = openMain(vfs, path);
      return { ...poolStorage(pool, vfs, database), ...also?.(vfs, database) };
    } catch (error) {
      vfs.uninstall();
      throw error;
    }
  } catch (error) {
    pool.close();
    throw error;
  }
}

/** Writes nothing when it fails: closing would write the -wal back, and delete it. */
function openMain(vfs: PoolVfs, path: string): Database {
  const database = vfs.open(MAIN, "c");
  try {
    database.writeBackOnClose(false);
    enterWal(database);
    // The owner does it, when nobody waits for a commit.
    database.run("PRAGMA wal_autocheckpoint=0");
    database.writeBackOnClose(true);
    return database;
  } catch (error) {
    database.close();
    const failure = toContextStoreError(error);
    throw failure.code === "not-a-database" ? damaged(path, "has a damaged main file", error) : failure;
  }
}

/** Without EXCLUSIVE there is no WAL on this VFS: SQLite then silently stays with a rollback journal. */
export function enterWal(database: Database): void {
  // Of a new file: that of Python's, and half of what SQLite is built for here. A commit writes whole pages.
  database.run("PRAGMA page_size=4096");
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

function poolStorage(pool: Pool, vfs: PoolVfs, database: Database): Storage {
  let staged: Database | undefined;
  let index: Database | undefined;
  return {
    database,
    exists: pool.exists,
    exportFile() {
      try {
        // The bytes of the main file alone leave out what still lies in the -wal.
        if (database.value("PRAGMA wal_checkpoint(TRUNCATE)") === 0) return readWhole(pool, MAIN);
      } catch {
        // A full disk.
      }
      return joined(database.rows("SELECT data FROM sqlite_dbpage ORDER BY pgno").map(([page]) => page as Uint8Array));
    },
    async stage(file) {
      await stageFile(pool, file);
      staged = vfs.open(STAGED, "w");
      return staged;
    },
    *removeLeftovers() {
      staged?.close();
      staged = undefined;
      for (const name of [STAGED, COPY]) yield* removeInSteps(pool, name);
    },
    makeBackup() {
      for (const name of [BACKUP, STAGED, COPY]) pool.remove(name);
      database.exec(`VACUUM INTO '${BACKUP}'`);
    },
    dropBackup() {
      pool.remove(BACKUP);
    },
    openIndex() {
      if (index) return index;
      const opened = vfs.open(INDEX, "c");
      try {
        enterWal(opened);
      } catch (error) {
        opened.close();
        throw error;
      }
      return (index = opened);
    },
    hasIndex: () => pool.get(INDEX) !== undefined,
    dropIndex() {
      closeQuietly(index);
      index = undefined;
      for (const name of [INDEX, `${INDEX}-wal`, `${INDEX}-journal`]) pool.remove(name);
    },
    walBytes: () => vfs.walBytes(MAIN),
    flush: () => pool.get(`${MAIN}-wal`)?.flush(),
    release() {
      try {
        staged?.close();
        closeQuietly(index);
        database.close();
        vfs.uninstall();
      } catch {
        // Closing writes the -wal back, which fails when the files are gone or the disk is full. The rows are safe in the
        // -wal.
      }
      pool.close();
    },
  };
}

/** An index that is damaged may fail to close, and is made anew. */
function closeQuietly(index: Database | undefined): void {
  try {
    index?.close();
  } catch {
    // What the next one finds is looked at then.
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function readWhole(pool: Pool, name: string): Uint8Array<ArrayBuffer> {
  const file = pool.get(name)!;
  const bytes = new Uint8Array(file.size());
  if (file.read(bytes, 0) !== bytes.length) throw new Error(`${name} could not be read to its end`);
  return bytes;
}

async function stageFile(pool: Pool, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const file = pool.get(STAGED) ?? pool.create(STAGED, OPEN_MAIN_DB);
  file.truncate(0);
  const writer = new SteadyWriter(file);
  for await (const chunk of chunks) writer.write(chunk);
  const { size } = writer;
  if (size < 512 || size % 512 !== 0) throw new Error(`no SQLite database has a size of ${size} bytes`);
  // Its -wal is part of it by now, if it had one: it says rollback journal instead.
  file.write(new Uint8Array([1, 1]), JOURNAL_MODE_AT);
}
