import type { Database as SqliteDatabase } from "@sqlite.org/sqlite-wasm";
import { directoryOf, HEADER_BYTES, poolFiles } from "./opfs-directory.js";
import { inSlices, type Steps } from "./slices.js";
import type { Sqlite3Static } from "./sqlite.js";

// The export of a large database: never more of it in memory than a page cache. First SQLite copies it within
// the pool, page by page, in slices; what is written meanwhile on the same connection goes into the copy as well, so that
// it is one state of the database. Then the copy's bytes become a file of their own, since the pool uses its files again.

type Pool = Awaited<ReturnType<Sqlite3Static["installOpfsSAHPoolVfs"]>>;

const COPY = "/export.sqlite";
const EXPORTS = ".exports";

/** How many pages are copied in one step. */
const STEP_PAGES = 16;

/** For so long an exported file can be read, unless the origin's data is cleared. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** The whole database as a file on the disk. */
export async function exportCopy(sqlite3: Sqlite3Static, pool: Pool, db: SqliteDatabase, path: string): Promise<Blob> {
  pool.unlink(COPY);
  try {
    const copy = new pool.OpfsSAHPoolDb(COPY);
    try {
      copy.exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-2048");
      await inSlices(copySteps(sqlite3, db, copy));
    } finally {
      copy.close();
    }
    return await asFile(path);
  } finally {
    pool.unlink(COPY);
  }
}

function* copySteps({ capi }: Sqlite3Static, from: SqliteDatabase, to: SqliteDatabase): Steps<void> {
  const backup = capi.sqlite3_backup_init(to, "main", from, "main");
  to.checkRc(backup ? 0 : capi.sqlite3_errcode(to));
  try {
    for (;;) {
      const code = capi.sqlite3_backup_step(backup, STEP_PAGES);
      if (code === capi.SQLITE_DONE) return;
      if (code !== capi.SQLITE_OK) from.checkRc(code);
      yield;
    }
  } finally {
    capi.sqlite3_backup_finish(backup);
  }
}

async function asFile(path: string): Promise<Blob> {
  const copied = await copiedBytes(path);
  const directory = await exportsDirectory(path);
  await removeExports(path, Date.now() - KEPT_MS);
  const handle = await directory.getFileHandle(`${crypto.randomUUID()}.sqlite`, { create: true });
  await copied.stream().pipeTo(await handle.createWritable());
  return handle.getFile();
}

async function copiedBytes(path: string): Promise<Blob> {
  for (const file of await poolFiles(path)) {
    // A file that is written to at this moment cannot be read, and is another one.
    const header = await file
      .slice(0, COPY.length + 1)
      .text()
      .catch(() => "");
    if (header === `${COPY}\0`) return file.slice(HEADER_BYTES);
  }
  throw new DOMException("The copy of the database is gone.", "NotFoundError");
}

/** Removes the exported files that were made before, all of them by default. Whoever still has one cannot read it any more. */
export async function removeExports(path: string, before = Infinity): Promise<void> {
  const directory = await exportsDirectory(path);
  for await (const handle of directory.values()) {
    if (handle.kind !== "file" || (await handle.getFile()).lastModified >= before) continue;
    await directory.removeEntry(handle.name);
  }
}

async function exportsDirectory(path: string): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory();
  for (const name of [...directoryOf(path).split("/"), EXPORTS]) {
    directory = await directory.getDirectoryHandle(name, { create: true });
  }
  return directory;
}
