import type {
  BindableValue,
  Database as SqliteDatabase,
  PreparedStatement,
  Sqlite3Static,
  SqlValue,
} from "@sqlite.org/sqlite-wasm";

export type Row = readonly SqlValue[];

/** One SQLite connection, with every statement prepared once. */
export class Database {
  readonly #capi: Sqlite3Static["capi"];
  readonly #db: SqliteDatabase;
  readonly #statements = new Map<string, PreparedStatement>();

  constructor(sqlite3: Sqlite3Static, db: SqliteDatabase) {
    this.#capi = sqlite3.capi;
    this.#db = db;
  }

  /** The connection itself, for what has no SQL. */
  get handle(): SqliteDatabase {
    return this.#db;
  }

  /** The SQL of every statement used so far. */
  get statements(): readonly string[] {
    return [...this.#statements.keys()];
  }

  run(sql: string, ...values: readonly BindableValue[]): void {
    this.#step(sql, values, () => {});
  }

  rows(sql: string, ...values: readonly BindableValue[]): Row[] {
    const rows: Row[] = [];
    this.#step(sql, values, (statement) => rows.push(statement.get([])));
    return rows;
  }

  row(sql: string, ...values: readonly BindableValue[]): Row | undefined {
    return this.rows(sql, ...values)[0];
  }

  value(sql: string, ...values: readonly BindableValue[]): SqlValue | undefined {
    return this.row(sql, ...values)?.[0];
  }

  /** Runs statements that are not worth keeping. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** How many rows the last statement changed. */
  get changes(): number {
    return this.#db.changes();
  }

  /** All or nothing. Nothing may be awaited inside: what other tabs wrote meanwhile would be rolled back with it. */
  transaction<T>(work: () => T): T {
    this.run("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.run("COMMIT");
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Ends a transaction that failed. SQLite has already ended it after some errors. */
  rollback(): void {
    if (this.inTransaction) this.run("ROLLBACK");
  }

  /** No value or row that is read or written may be larger, in bytes. */
  limitLength(bytes: number): void {
    this.#capi.sqlite3_limit(this.#db, this.#capi.SQLITE_LIMIT_LENGTH, bytes);
  }

  get inTransaction(): boolean {
    return this.#capi.sqlite3_get_autocommit(this.#db) === 0;
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#db.close();
  }

  // Stepped to the end always: a statement that is reset after its first row never triggers the automatic checkpoint,
  // and the -wal grows without bound.
  #step(sql: string, values: readonly BindableValue[], onRow: (statement: PreparedStatement) => void): void {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    try {
      if (values.length > 0) statement.bind(values);
      while (statement.step()) onRow(statement);
    } catch (error) {
      try {
        statement.reset(true);
      } catch {
        // It repeats the error of the step.
      }
      throw error;
    }
    statement.reset(true);
  }
}
