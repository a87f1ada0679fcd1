import { databaseDirectory } from "../../src/database-directory.js";
import { inSlices, type Steps } from "../slices.js";
import type { Database } from "../sqlite/database.js";
import { DONE, OK } from "../sqlite/exports.js";
import type { Sqlite } from "../sqlite/sqlite.js";
import { openHandle, type SyncHandle, type VfsFile, writeWhole } from "../vfs/pool-file.js";
import type { Pool } from "../vfs/pool.js";
import { SteadyWriter } from "../vfs/steady-writer.js";
import type { PoolVfs } from "../vfs/vfs.js";
import { removeInSteps } from "./remove-in-steps.js";

// The export of a large database: never more of it in memory than a page cache. First SQLite copies it within
// the pool, page by page, in slices; what is written meanwhile on the same connection goes into the copy as well, so that
// it is one state of the database. Then the copy's bytes become a file of their own, since the pool uses its files again.

/** The copy within the pool. */
export const COPY = "/export.sqlite";
const EXPORTS = ".exports";

/** How many pages are copied in one step. */
const STEP_PAGES = 16;

/** After so many steps the copy is flushed, for the same reason as in {@link SteadyWriter}. */
const FLUSH_STEPS = 32;

/** For so long an exported file can be read, unless the origin's data is cleared. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** What is read of the copy at once. */
const CHUNK_BYTES = 256 * 1024;

/** The whole database as a file on the disk. */
export async function exportCopy(
  sqlite: Sqlite,
  pool: Pool,
  vfs: PoolVfs,
  database: Database,
  path: string,
): Promise<Blob> {
  pool.remove(COPY);
  try {
    const copy = vfs.open(COPY, "c");
    try {
      // Not with synchronous=OFF: SQLite flushes it at the end, and hears then of a write that has failed.
      copy.exec("PRAGMA journal_mode=OFF; PRAGMA cache_size=-2048");
      await inSlices(copySteps(sqlite, database, copy, () => pool.get(COPY)?.flush()));
    } finally {
      copy.close();
    }
    return await asFile(pool.get(COPY)!, path);
  } finally {
    await inSlices(removeInSteps(pool, COPY));
  }
}

function* copySteps(sqlite: Sqlite, from: Database, to: Database, flush: () => void): Steps<void> {
  const { c } = sqlite;
  const backup = sqlite.withText("main", (main) => c.sqlite3_backup_init(to.handle, main, from.handle, main));
  if (backup === 0) to.check(c.sqlite3_extended_errcode(to.handle));
  try {
    for (let step = 1; ; step++) {
      const code = c.sqlite3_backup_step(backup, STEP_PAGES);
      if (code === DONE) return;
      if (code !== OK) from.check(code);
      if (step % FLUSH_STEPS === 0) flush();
      yield;
    }
  } finally {
    c.sqlite3_backup_finish(backup);
  }
}

async function asFile(copy: VfsFile, path: string): Promise<Blob> {
  const directory = await exportsDirectory(path, true);
  await removeExports(path, true);
  const file = await directory.getFileHandle(`${crypto.randomUUID()}.sqlite`, { create: true });
  const handle = await openHandle(file);
  try {
    await inSlices(writeSteps(copy, handle));
  } catch (error) {
    handle.close();
    // It may be the disk that is full.
    await directory.removeEntry(file.name);
    throw error;
  }
  handle.close();
  return file.getFile();
}

function* writeSteps(copy: VfsFile, handle: SyncHandle): Steps<void> {
  const writer = new SteadyWriter({
    write: (bytes, at) => writeWhole(handle, bytes, at),
    flush: () => handle.flush(),
  });
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let read; (read = copy.read(chunk, writer.size)) > 0; writer.write(chunk.subarray(0, read))) yield;
}

/**
 * Removes the exported files, or those that were to be read for a day, which is over: rejects where there never were any.
 * Whoever still has one cannot read it any more.
 */
export async function removeExports(path: string, onlyOld = false): Promise<void> {
  const directory = await exportsDirectory(path, !onlyOld);
  const before = onlyOld ? Date.now() - KEPT_MS : Infinity;
  for await (const handle of directory.values()) {
    if (handle.kind !== "file" || (await handle.getFile()).lastModified >= before) continue;
    await directory.removeEntry(handle.name);
  }
}

async function exportsDirectory(path: string, create: boolean): Promise<FileSystemDirectoryHandle> {
  return (await databaseDirectory(path)).getDirectoryHandle(EXPORTS, { create });
}
