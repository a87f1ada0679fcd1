import { ContextStoreError } from "../../src/errors.js";
import { MESSAGE_COLUMNS } from "../sql/file.js";
import type { Database } from "../sqlite/database.js";
import { dbNames } from "../operations/schema.js";

// What a file from outside holds, read with suspicion: only plain columns of plain tables are ever asked for, so that its
// views, triggers, checks and generated columns do nothing.

/** One chat history of the file: the statements that read it. */
export interface IncomingTables {
  readonly dbName: string;
  /** The next rows of the table, behind a row id: row id, session id, project, position. */
  readonly places: string;
  /** A row by its row id: role, content, created_at, uid, metadata, status. */
  readonly message: string;
  /** The next token counts, behind a row id: row id, session id, project, input, output. */
  readonly tokens: string | undefined;
  /** Whether it has parts of messages that were still being written. */
  readonly hasParts: boolean;
  readonly description: string | undefined;
}

/** From this size on a file is not checked as a whole: that would hold the database for too long. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** Room for the SQL of its schema and ours. */
const SMALLEST_LIMIT = 1024 * 1024;

/** Throws `corrupt`, naming what and where, for a file that SQLite finds damaged. */
export function checkPages(staged: Database): void {
  staged.run("PRAGMA trusted_schema=OFF");
  // Its pages are read once; those of the database are worth the memory.
  staged.run("PRAGMA cache_size=-2048");
  const bytes = Number(staged.value("PRAGMA page_count")) * Number(staged.value("PRAGMA page_size"));
  // No row is larger than its file, unless its pages lead in a circle.
  staged.limitLength(Math.max(bytes, SMALLEST_LIMIT));
  // Of a larger one everything that is taken is read from its tables, row by row, and what is damaged is met there.
  if (bytes >= LARGE_BYTES) return;
  const found = staged.rows("PRAGMA integrity_check(3)").map(([problem]) => String(problem));
  if (found.join() === "ok") return;
  throw new ContextStoreError("corrupt", `The file to import is damaged: ${found.join("; ")}. Nothing was imported.`);
}

/** Finds the chat histories in the file, under whatever prefix. */
export function inspectIncoming(staged: Database): { histories: IncomingTables[]; ignoredTables: string[] } {
  const histories: IncomingTables[] = [];
  const taken = new Set<string>(["axio_opfs_meta", "axio_opfs_clients", "axio_opfs_imported"]);
  for (const dbName of dbNames(staged)) {
    const columns = plainColumns(staged, `${dbName}_messages`, "with row ids");
    if (!isHistory(dbName, columns)) continue;
    histories.push(readers(dbName, columns, staged));
    for (const suffix of ["messages", "tokens", "sessions", "parts", "deleted", "deleted_rows"])
      taken.add(`${dbName}_${suffix}`);
  }
  const ignoredTables = staged
    .rows("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    .map(([name]) => String(name))
    .filter((name) => !taken.has(name));
  return { histories, ignoredTables };
}

function isHistory(dbName: string, columns: ReadonlySet<string>): boolean {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(dbName)) return false;
  const missing = MESSAGE_COLUMNS.filter((column) => !columns.has(column));
  if (missing.length === 0) return true;
  // A foreign table that merely ends in "_messages" is none of our business.
  if (dbName !== "axio_context") return false;
  throw new ContextStoreError(
    "corrupt",
    `The table axio_context_messages of the file to import has no plain column ${missing.join(", ")}. Nothing was imported.`,
  );
}

/** The columns of a table that are stored; none for a view, a virtual table, or what is not there. */
function plainColumns(staged: Database, table: string, needs?: "with row ids"): Set<string> {
  const withoutRowIds = staged.value(
    "SELECT wr FROM pragma_table_list WHERE name = ? AND schema = 'main' AND type = 'table'",
    table,
  );
  if (withoutRowIds === undefined || (needs && withoutRowIds !== 0)) return new Set();
  const columns = staged.rows("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", table);
  return new Set(columns.map(([name]) => String(name)));
}

function readers(dbName: string, columns: ReadonlySet<string>, staged: Database): IncomingTables {
  const [messages, tokens, sessions] = ["messages", "tokens", "sessions"].map((suffix) => `${dbName}_${suffix}`);
  const rowId = rowIdOf(staged, messages!);
  const tokenRow = hasAll(plainColumns(staged, tokens!, "with row ids"), TOKEN_COLUMNS) && rowIdOf(staged, tokens!);
  // By the table alone: an index of the file may say something else.
  const next = (id: string, read: string, table: string) =>
    `SELECT ${id}, ${read} FROM "${table}" NOT INDEXED WHERE ${id} > ?1 ORDER BY ${id} LIMIT 128`;
  const optional = (name: string, isGood: string) => (columns.has(name) ? `iif(${isGood}, ${name}, NULL)` : "NULL");
  const further = [
    optional("uid", "typeof(uid) = 'text' AND length(uid) BETWEEN 1 AND 512"),
    optional("metadata", "typeof(metadata) = 'text' AND json_valid(metadata) AND json_type(metadata) = 'object'"),
    optional("status", "typeof(status) = 'text'"),
  ].join(", ");
  const name = (column: string) => `iif(typeof(${column}) = 'text' AND length(${column}) <= 512, ${column}, NULL)`;
  const count = (name: string) => `iif(typeof(${name}) IN ('integer', 'real'), ${name}, 0)`;
  return {
    dbName,
    places: next(rowId, "session_id, project, position", messages!),
    message: `SELECT role, content, created_at, ${further} FROM "${messages}" NOT INDEXED WHERE ${rowId} = ?1`,
    tokens: tokenRow
      ? next(tokenRow, `session_id, project, ${count("input_tokens")}, ${count("output_tokens")}`, tokens!)
      : undefined,
    hasParts: isOurs(staged, `${dbName}_parts`, "message_id,number", PART_COLUMNS),
    description: isOurs(staged, sessions!, "project,session_id", DESCRIPTION_COLUMNS)
      ? `SELECT ${name("title")}, ${name("parent_session_id")}, iif(typeof(forked_at) = 'integer', forked_at, NULL) FROM "${sessions}" WHERE project = ?2 AND session_id = ?1`
      : undefined,
  };
}

const TOKEN_COLUMNS = ["session_id", "project", "input_tokens", "output_tokens"];
const DESCRIPTION_COLUMNS = ["session_id", "project", "title", "parent_session_id", "forked_at"];
const PART_COLUMNS = ["message_id", "number", "keep", "text", "tail"];

/** Whether it is a table as this package makes it, in which a row is found by its key without reading the others. */
function isOurs(staged: Database, table: string, key: string, columns: readonly string[]): boolean {
  const found = staged.rows("SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk", table).join();
  const hasRowIds = plainColumns(staged, table, "with row ids").size > 0;
  return found === key && !hasRowIds && hasAll(plainColumns(staged, table), columns);
}

/** A name for the row id that no column of the table has taken. */
function rowIdOf(staged: Database, table: string): string {
  const columns = staged.rows("SELECT lower(name) FROM pragma_table_xinfo(?)", table).map(([name]) => String(name));
  const free = ["rowid", "_rowid_", "oid"].find((name) => !columns.includes(name));
  if (free !== undefined) return free;
  const message = `The table ${table} of the file to import hides its row ids. Nothing was imported.`;
  throw new ContextStoreError("corrupt", message);
}

function hasAll(columns: ReadonlySet<string>, wanted: readonly string[]): boolean {
  return wanted.every((column) => columns.has(column));
}
