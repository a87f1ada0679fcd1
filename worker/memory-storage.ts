import { Database } from "./database.js";
import { loadSqlite } from "./sqlite.js";
import type { Storage } from "./storage.js";

/** A database in the worker's memory: gone with the page. Only ever opened when asked for. */
export async function openMemoryStorage(): Promise<Storage> {
  const sqlite3 = await loadSqlite();
  const { capi, wasm, oo1 } = sqlite3;
  const db = new oo1.DB(":memory:");
  const database = new Database(sqlite3, db);
  let staged: Database | undefined;
  let index: Database | undefined;
  return {
    database,
    exists: () => Promise.resolve(true),
    exportFile: () => capi.sqlite3_js_db_export(db),
    async stage(file) {
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of file) chunks.push(chunk as Uint8Array<ArrayBuffer>);
      const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
      // SQLite cannot open a WAL database from memory; the bytes say rollback journal instead, as an import into OPFS does.
      bytes.set([1, 1], 18);
      const copy = new oo1.DB(":memory:");
      staged = new Database(sqlite3, copy);
      const pointer = wasm.allocFromTypedArray(bytes);
      const flags = capi.SQLITE_DESERIALIZE_FREEONCLOSE | capi.SQLITE_DESERIALIZE_READONLY;
      const code = capi.sqlite3_deserialize(copy, "main", pointer, bytes.length, bytes.length, flags);
      copy.checkRc(code);
      return staged;
    },
    unstage() {
      staged?.close();
      staged = undefined;
    },
    // Nothing to save: a database in memory is made by the version that uses it.
    makeBackup() {},
    dropBackup() {},
    openIndex: () => (index ??= new Database(sqlite3, new oo1.DB(":memory:"))),
    hasIndex: () => index !== undefined,
    dropIndex() {
      index?.close();
      index = undefined;
    },
    flush() {},
    release() {
      staged?.close();
      index?.close();
      database.close();
    },
  };
}
