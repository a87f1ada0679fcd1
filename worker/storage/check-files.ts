import { ContextStoreError } from "../../src/errors.js";
import { storageCleared } from "../failure.js";
import type { VfsFile } from "../vfs/pool-file.js";
import type { Pool } from "../vfs/pool.js";

// SQLite makes a new database of a main file in which nothing is, deletes the -wal beside it, and begins a -wal anew that
// it does not know. So before it sees them, what is in the files must be what their names say.

/** The first bytes of a database: https://www.sqlite.org/fileformat2.html#the_database_header */
const DATABASE = new TextEncoder().encode("SQLite format 3\0");

/** The first four bytes of a -wal, but for the last bit: https://www.sqlite.org/fileformat2.html#walformat */
const WAL = 0x377f0682;

/**
 * Throws `corrupt` where the files of an existing database lack a part, or are mixed up; `storage-cleared` where nothing
 * is, unless it may be created.
 */
export function checkFiles(path: string, pool: Pool, main: string, create: boolean): void {
  const found = sizeOf(pool, main) > 0;
  const fail = (what: string) => damaged(path, what);
  if (!found) {
    const rest = pool.names.filter((name) => name !== main && name !== `${main}-journal`);
    if (rest.some((name) => sizeOf(pool, name) > 0)) throw fail("has lost its main file");
    if (!create) throw storageCleared();
    return;
  }
  // A journal takes back what the power failure left of the first transaction.
  const isJournaled = sizeOf(pool, `${main}-journal`) > 0;
  if (!isJournaled && !isDatabase(pool.get(main)!)) throw fail("has something else in its main file");
  if (sizeOf(pool, `${main}-wal`) > 0 && !isWal(pool.get(`${main}-wal`)!)) throw fail("has something else in its -wal");
}

/** The database at `path` cannot be opened as it is. */
export function damaged(path: string, what: string, cause?: unknown): ContextStoreError {
  const message = `The database ${JSON.stringify(path)} ${what}. Nothing was changed; rescueDatabase() gives the bytes that are there.`;
  return new ContextStoreError("corrupt", message, { cause });
}

function sizeOf(pool: Pool, name: string): number {
  return pool.get(name)?.size() ?? 0;
}

function isDatabase(file: VfsFile): boolean {
  const begin = new Uint8Array(DATABASE.length);
  file.read(begin, 0);
  return begin.every((byte, place) => byte === DATABASE[place]);
}

/** All zero is a beginning that a power failure took away: what was in it was not flushed. */
function isWal(file: VfsFile): boolean {
  const begin = new Uint8Array(4);
  file.read(begin, 0);
  const magic = new DataView(begin.buffer).getUint32(0);
  return magic === 0 || (magic & ~1) === WAL;
}
