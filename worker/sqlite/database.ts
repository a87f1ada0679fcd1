import { DBCONFIG_ENABLE_QPSG, DBCONFIG_NO_CKPT_ON_CLOSE, DONE, LIMIT_LENGTH, type Pointer, ROW } from "./exports.js";
import { type Sqlite, SqliteError } from "./sqlite.js";

/** What SQLite takes and gives. Whole numbers beyond 2^53 are a BigInt. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** What is absent is NULL. */
export type BindableValue = SqlValue | undefined;

export type Row = readonly SqlValue[];

/** Told to SQLite: the statement will be used many times. */
const PERSISTENT = 1;

/** For the texts that are bound to a statement: kept, so that the usual statement allocates nothing. */
const SCRATCH_BYTES = 256 * 1024;

const MISUSE = 21;

const INTEGER = 1;
const FLOAT = 2;
const TEXT = 3;
const BLOB = 4;

const encoder = new TextEncoder();

/** One SQLite connection, with every statement prepared once. */
export class Database {
  readonly #sqlite: Sqlite;
  readonly #db: Pointer;
  readonly #name: string = crypto.randomUUID();
  readonly #statements = new Map<string, Pointer>();
  readonly #scratch: Pointer;
  #isClosed = false;

  constructor(sqlite: Sqlite, db: Pointer) {
    this.#sqlite = sqlite;
    this.#db = db;
    this.#scratch = sqlite.allocate(SCRATCH_BYTES);
    // The plan of a statement never depends on what is bound to it. Otherwise SQLite prepares most that have an ORDER BY
    // anew each time.
    this.#configure(DBCONFIG_ENABLE_QPSG, true);
  }

  /** The connection itself, for what has no SQL. Throws once it is closed: C would read what is no longer there. */
  get handle(): Pointer {
    if (this.#isClosed) throw new SqliteError(MISUSE, "the database is closed");
    return this.#db;
  }

  /** The SQL of every statement used so far. */
  get statements(): readonly string[] {
    return [...this.#statements.keys()];
  }

  run(sql: string, ...values: readonly BindableValue[]): void {
    this.#step(sql, values, undefined);
  }

  rows(sql: string, ...values: readonly BindableValue[]): Row[] {
    const rows: Row[] = [];
    this.#step(sql, values, rows);
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
    this.check(this.#sqlite.withText(sql, (text) => this.#sqlite.c.sqlite3_exec(this.handle, text, 0, 0, 0)));
  }

  /** How many rows the last statement changed. */
  get changes(): number {
    return this.#sqlite.c.sqlite3_changes(this.handle);
  }

  /** What is read twice in the same version is the same: another one wherever anything may have been written meanwhile. */
  get version(): string {
    return this.versionAt(this.changeCount);
  }

  /** The version in which this connection had changed so many rows. */
  versionAt(changeCount: number): string {
    return `${this.#name}:${changeCount}`;
  }

  /** How many rows this connection has changed, what was rolled back included. */
  get changeCount(): number {
    return this.#sqlite.c.sqlite3_total_changes(this.handle);
  }

  /** The row id of the row that was inserted last. */
  get lastRowId(): number {
    return Number(this.#sqlite.c.sqlite3_last_insert_rowid(this.handle));
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
    this.#sqlite.c.sqlite3_limit(this.handle, LIMIT_LENGTH, bytes);
  }

  /** Whether closing writes a -wal back, and deletes it. */
  writeBackOnClose(wanted: boolean): void {
    this.#configure(DBCONFIG_NO_CKPT_ON_CLOSE, !wanted);
  }

  /** The size of the file, in bytes, with what is still in its -wal. */
  get sizeBytes(): number {
    return Number(this.value("PRAGMA page_count")) * Number(this.value("PRAGMA page_size"));
  }

  /** Writes the file anew, without what its free pages hold. Not to be called in a transaction. */
  vacuum(): void {
    // The copy that VACUUM makes is as large as the database: not in memory.
    this.exec("PRAGMA temp_store=FILE");
    try {
      this.exec("VACUUM");
    } finally {
      this.exec("PRAGMA temp_store=DEFAULT");
    }
  }

  get inTransaction(): boolean {
    return !this.#isClosed && this.#sqlite.c.sqlite3_get_autocommit(this.#db) === 0;
  }

  /** Throws what the last call on this connection failed with, if it did. */
  check(code: number): void {
    this.#sqlite.check(code, this.#db);
  }

  /** Idempotent. Throws when the files cannot be closed as they should; they are let go of all the same. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { c } = this.#sqlite;
    for (const statement of this.#statements.values()) c.sqlite3_finalize(statement);
    this.#statements.clear();
    c.sqlite3_free(this.#scratch);
    this.#sqlite.check(c.sqlite3_close_v2(this.#db));
  }

  #configure(option: number, on: boolean): void {
    this.check(this.#sqlite.c.sqlite3__wasm_db_config_ip(this.handle, option, on ? 1 : 0, 0));
  }

  // Stepped to the end always: a statement that is reset after its first row never triggers the automatic checkpoint,
  // and the -wal grows without bound.
  #step(sql: string, values: readonly BindableValue[], rows: Row[] | undefined): void {
    const { c } = this.#sqlite;
    const statement = this.#statements.get(sql) ?? this.#prepare(sql);
    const own = values.length > 0 ? this.#bind(statement, values) : 0;
    try {
      let code: number;
      while ((code = c.sqlite3_step(statement)) === ROW) rows?.push(this.#row(statement));
      if (code !== DONE) this.check(code);
    } finally {
      // It repeats the result of the step.
      c.sqlite3_reset(statement);
      if (values.length > 0) c.sqlite3_clear_bindings(statement);
      if (own !== 0) c.sqlite3_free(own);
    }
  }

  #prepare(sql: string): Pointer {
    const { c } = this.#sqlite;
    const prepare = (at: Pointer) =>
      this.#sqlite.withText(sql, (text) => c.sqlite3_prepare_v3(this.handle, text, -1, PERSISTENT, at, 0));
    return this.#sqlite.withResult(prepare, (code, statement) => {
      this.check(code);
      this.#statements.set(sql, statement);
      return statement;
    });
  }

  /**
   * Binds the values; texts and blobs lie in memory of this connection until the statement is reset. Gives what is to be
   * freed then.
   */
  #bind(statement: Pointer, values: readonly BindableValue[]): Pointer {
    // A UTF-16 unit takes up to three bytes.
    let room = 0;
    for (const value of values) {
      if (typeof value === "string") room += value.length * 3;
      else if (value instanceof Uint8Array) room += value.length;
    }
    if (room > SCRATCH_BYTES) return this.#bindLarge(statement, values);
    let at = this.#scratch;
    for (const [index, value] of values.entries()) at += this.#bindOne(statement, index + 1, value, at);
    return 0;
  }

  /** Without room for three times as much as there is. */
  #bindLarge(statement: Pointer, values: readonly BindableValue[]): Pointer {
    const sizes = values.map((value) => {
      return typeof value === "string" ? encoder.encode(value).length : value instanceof Uint8Array ? value.length : 0;
    });
    const own = this.#sqlite.allocate(sizes.reduce((sum, size) => sum + size, 0));
    let at = own;
    for (const [index, value] of values.entries()) at += this.#bindOne(statement, index + 1, value, at);
    return own;
  }

  /** Gives the bytes that the value takes at `at`. */
  #bindOne(statement: Pointer, place: number, value: BindableValue, at: Pointer): number {
    const { c } = this.#sqlite;
    if (typeof value === "string") {
      const bytes = this.#sqlite.write(value, at);
      this.check(c.sqlite3_bind_text(statement, place, at, bytes, 0));
      return bytes;
    }
    if (value instanceof Uint8Array) {
      this.#sqlite.bytes.set(value, at);
      this.check(c.sqlite3_bind_blob(statement, place, at, value.length, 0));
      return value.length;
    }
    this.#bindNumber(statement, place, value);
    return 0;
  }

  #bindNumber(statement: Pointer, place: number, value: number | bigint | null | undefined): void {
    const { c } = this.#sqlite;
    if (value === null || value === undefined) this.check(c.sqlite3_bind_null(statement, place));
    else if (typeof value === "bigint") this.check(c.sqlite3_bind_int64(statement, place, value));
    else if ((value | 0) === value) this.check(c.sqlite3_bind_int(statement, place, value));
    else if (Number.isSafeInteger(value)) this.check(c.sqlite3_bind_int64(statement, place, BigInt(value)));
    else this.check(c.sqlite3_bind_double(statement, place, value));
  }

  #row(statement: Pointer): Row {
    const count = this.#sqlite.c.sqlite3_data_count(statement);
    const row: SqlValue[] = [];
    for (let column = 0; column < count; column++) row.push(this.#column(statement, column));
    return row;
  }

  #column(statement: Pointer, column: number): SqlValue {
    const { c } = this.#sqlite;
    switch (c.sqlite3_column_type(statement, column)) {
      case INTEGER: {
        const value = c.sqlite3_column_double(statement, column);
        return Number.isSafeInteger(value) ? value : c.sqlite3_column_int64(statement, column);
      }
      case FLOAT:
        return c.sqlite3_column_double(statement, column);
      case TEXT: {
        const text = c.sqlite3_column_text(statement, column);
        return this.#sqlite.text(text, c.sqlite3_column_bytes(statement, column));
      }
      case BLOB: {
        const blob = c.sqlite3_column_blob(statement, column);
        return this.#sqlite.bytes.slice(blob, blob + c.sqlite3_column_bytes(statement, column));
      }
      default:
        return null;
    }
  }
}
