import { Database } from "./database.js";
import type { Pointer } from "./sqlite/exports.js";
import { loadSqlite } from "./sqlite/load.js";
import type { Sqlite } from "./sqlite/sqlite.js";
import type { Storage } from "./storage.js";

const FREE_ON_CLOSE = 1;
const READ_ONLY = 4;

/** A database in the worker's memory: gone with the page. Only ever opened when asked for. */
export async function openMemoryStorage(): Promise<Storage> {
  const sqlite = await loadSqlite();
  const database = Database.inMemory(sqlite);
  let staged: Database | undefined;
  let index: Database | undefined;
  return {
    database,
    exists: () => Promise.resolve(true),
    exportFile: () => serialize(sqlite, database),
    async stage(file) {
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of file) chunks.push(chunk as Uint8Array<ArrayBuffer>);
      const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
      // SQLite cannot open a WAL database from memory; the bytes say rollback journal instead, as an import into OPFS does.
      bytes.set([1, 1], 18);
      staged = Database.inMemory(sqlite);
      deserialize(sqlite, staged, bytes);
      return staged;
    },
    unstage() {
      staged?.close();
      staged = undefined;
    },
    // Nothing to save: a database in memory is made by the version that uses it.
    makeBackup() {},
    dropBackup() {},
    openIndex: () => (index ??= Database.inMemory(sqlite)),
    hasIndex: () => index !== undefined,
    dropIndex() {
      index?.close();
      index = undefined;
    },
    walBytes: () => 0,
    flush() {},
    release() {
      staged?.close();
      index?.close();
      database.close();
    },
  };
}

/** https://www.sqlite.org/c3ref/serialize.html */
function serialize(sqlite: Sqlite, database: Database): Uint8Array<ArrayBuffer> {
  const { c } = sqlite;
  return sqlite.withText("main", (schema) =>
    sqlite.withResult(
      (pSize) => c.sqlite3_serialize(database.handle, schema, pSize, 0),
      (copy, size) => {
        if (copy === 0) throw new Error("there is no memory for a copy of the database");
        const bytes = sqlite.bytes.slice(copy, copy + size);
        c.sqlite3_free(copy);
        return bytes;
      },
    ),
  );
}

/** https://www.sqlite.org/c3ref/deserialize.html */
function deserialize(sqlite: Sqlite, database: Database, bytes: Uint8Array): void {
  const { c } = sqlite;
  const data: Pointer = sqlite.allocate(bytes.length);
  sqlite.bytes.set(bytes, data);
  const size = BigInt(bytes.length);
  const code = sqlite.withText("main", (schema) =>
    c.sqlite3_deserialize(database.handle, schema, data, size, size, FREE_ON_CLOSE | READ_ONLY),
  );
  database.check(code);
}
