import { ContextStoreError } from "../../src/errors.js";
import { FILE_TABLES, META_GET, META_SET, SCHEMA_VERSION, TABLE_NAMES } from "../sql/file.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";
import type { Storage } from "../storage/storage.js";

/** A step from one schema version to the next. Runs in a transaction. */
export interface Migration {
  /** The version that the file has afterwards. */
  readonly version: number;
  run(db: Database): void;
}

/** Version 1 is made by {@link createTables}; what changes it later is added here, and never changed again. */
const MIGRATIONS: readonly Migration[] = [];

/** The table prefix that Python's files have. */
const DEFAULT_DB_NAME = "axio_context";

/** What the name of a prefix's message table ends with. */
const MESSAGES = "_messages";

/**
 * Makes a new file's tables, or brings an older file to this version. Before the first migration the whole file is
 * copied aside; the copy is dropped once the last one has committed. Throws `newer-schema` for a file that a newer
 * version of this package wrote, `corrupt` for one of which we do not know how it came here.
 */
export function prepareSchema(storage: Storage, migrations: readonly Migration[] = MIGRATIONS): void {
  const db = storage.database;
  const current = migrations.at(-1)?.version ?? SCHEMA_VERSION;
  const found = schemaVersion(db);
  if (found > current) {
    throw new ContextStoreError(
      "newer-schema",
      `The database was written by a newer version of axio-context-opfs (schema ${found}, this one knows ${current}). Reload the page to get it.`,
    );
  }
  if (found === 0) {
    if (db.value("SELECT 1 FROM sqlite_schema") !== undefined) {
      throw new ContextStoreError(
        "corrupt",
        "The database's main file is another database's. Nothing was changed; rescueDatabase() gives the bytes that are there.",
      );
    }
    db.transaction(() => {
      db.exec(FILE_TABLES);
      db.exec(tables(DEFAULT_DB_NAME).create);
      db.run(META_SET, "database_id", crypto.randomUUID());
      db.run(META_SET, "schema_version", String(current));
    });
    return;
  }
  const due = migrations.filter(({ version }) => version > found);
  if (due.length === 0) return;
  storage.makeBackup();
  db.transaction(() => {
    for (const migration of due) {
      migration.run(db);
      db.run(META_SET, "schema_version", String(migration.version));
    }
  });
  storage.dropBackup();
}

/** 0 where there are no tables of ours yet. */
export function schemaVersion(db: Database): number {
  const known = db.value("SELECT 1 FROM sqlite_schema WHERE name = 'axio_opfs_meta'");
  return known === undefined ? 0 : Number(db.value(META_GET, "schema_version") ?? 0);
}

/** Creates the tables of a prefix if they are not there. Throws as {@link checkSpelling} does. */
export function createTables(db: Database, dbName: string): void {
  checkSpelling(db, dbName);
  db.exec(tables(dbName).create);
}

/** Throws `invalid-argument` where a prefix is there in another spelling: SQLite takes both for the same name. */
export function checkSpelling(db: Database, dbName: string): void {
  const twin = dbNames(db).find((name) => name !== dbName && name.toLowerCase() === dbName.toLowerCase());
  if (twin !== undefined) {
    throw new ContextStoreError(
      "invalid-argument",
      `The database has tables of dbName "${twin}", which SQLite takes for those of "${dbName}". Use one spelling.`,
    );
  }
}

/** The table prefixes in the file. */
export function dbNames(db: Database): string[] {
  // Not by LIKE: whoever opens a database waits until the engine has compiled what a query runs.
  const names = db.rows(TABLE_NAMES).map(([name]) => String(name));
  return names.filter((name) => name.toLowerCase().endsWith(MESSAGES)).map((name) => name.slice(0, -MESSAGES.length));
}
