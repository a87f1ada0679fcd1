/** An address in SQLite's memory, or a structure of its own that lies there; 0 is none. */
export type Pointer = number;

/** What is used of `sqlite3.wasm`: SQLite's C interface (https://www.sqlite.org/c3ref/funclist.html), 64 bits as BigInt. */
export interface Exports {
  readonly __indirect_function_table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  sqlite3_initialize(): number;
  sqlite3_malloc(bytes: number): Pointer;
  sqlite3_free(pointer: Pointer): void;

  sqlite3_open_v2(filename: Pointer, ppDb: Pointer, flags: number, vfs: Pointer): number;
  sqlite3_close_v2(db: Pointer): number;
  sqlite3_extended_result_codes(db: Pointer, on: number): number;
  sqlite3_extended_errcode(db: Pointer): number;
  sqlite3_errmsg(db: Pointer): Pointer;
  sqlite3_errstr(code: number): Pointer;
  sqlite3_exec(db: Pointer, sql: Pointer, callback: Pointer, argument: Pointer, ppMessage: Pointer): number;
  sqlite3_get_autocommit(db: Pointer): number;
  sqlite3_changes(db: Pointer): number;
  sqlite3_total_changes(db: Pointer): number;
  sqlite3_last_insert_rowid(db: Pointer): bigint;
  /** `sqlite3_db_config` of an option that is a number, with somewhere for the answer. */
  sqlite3__wasm_db_config_ip(db: Pointer, option: number, value: number, pAnswer: Pointer): number;
  sqlite3_limit(db: Pointer, id: number, value: number): number;

  sqlite3_prepare_v3(db: Pointer, sql: Pointer, bytes: number, flags: number, ppStmt: Pointer, ppTail: Pointer): number;
  sqlite3_finalize(statement: Pointer): number;
  sqlite3_step(statement: Pointer): number;
  sqlite3_reset(statement: Pointer): number;
  sqlite3_clear_bindings(statement: Pointer): number;
  sqlite3_bind_null(statement: Pointer, place: number): number;
  sqlite3_bind_int(statement: Pointer, place: number, value: number): number;
  sqlite3_bind_int64(statement: Pointer, place: number, value: bigint): number;
  sqlite3_bind_double(statement: Pointer, place: number, value: number): number;
  sqlite3_bind_text(statement: Pointer, place: number, text: Pointer, bytes: number, free: Pointer): number;
  sqlite3_bind_blob(statement: Pointer, place: number, blob: Pointer, bytes: number, free: Pointer): number;
  sqlite3_data_count(statement: Pointer): number;
  sqlite3_column_type(statement: Pointer, column: number): number;
  sqlite3_column_int64(statement: Pointer, column: number): bigint;
  sqlite3_column_double(statement: Pointer, column: number): number;
  sqlite3_column_text(statement: Pointer, column: number): Pointer;
  sqlite3_column_blob(statement: Pointer, column: number): Pointer;
  sqlite3_column_bytes(statement: Pointer, column: number): number;

  sqlite3_backup_init(to: Pointer, toSchema: Pointer, from: Pointer, fromSchema: Pointer): Pointer;
  sqlite3_backup_step(backup: Pointer, pages: number): number;
  sqlite3_backup_finish(backup: Pointer): number;

  sqlite3_vfs_find(name: Pointer): Pointer;
  sqlite3_vfs_register(vfs: Pointer, isDefault: number): number;
  sqlite3_vfs_unregister(vfs: Pointer): number;
}

/** The numbers of SQLite's C interface that are used: https://www.sqlite.org/rescode.html, https://www.sqlite.org/c3ref/constlist.html */
export const OK = 0;
export const IOERR = 10;
export const NOTFOUND = 12;
export const FULL = 13;
export const CANTOPEN = 14;
export const ROW = 100;
export const DONE = 101;

export const LIMIT_LENGTH = 0;
export const DBCONFIG_NO_CKPT_ON_CLOSE = 1006;
export const DBCONFIG_ENABLE_QPSG = 1007;

export const OPEN_READWRITE = 0x2;
export const OPEN_CREATE = 0x4;
export const OPEN_EXCLUSIVE = 0x10;
export const OPEN_MAIN_DB = 0x100;
export const OPEN_WAL = 0x80000;
