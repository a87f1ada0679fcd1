import { ContextStoreError } from "../src/errors.js";
import type { Database } from "./database.js";
import { DB_NAMES, MESSAGE_COLUMNS } from "./tables.js";

// What a file from outside holds, read with suspicion: only plain columns of plain tables are ever asked for, so that its
// views, triggers, checks and generated columns do nothing.

/** One chat history of the file: the statements that read it. */
export interface IncomingTables {
  readonly dbName: string;
  /** The next rows of the table, behind a row id: row id, session id, project, position. */
  readonly places: string;
  /** A row by its row id: role, content, created_at, uid, metadata. */
  readonly message: string;
  readonly tokens: string | undefined;
  readonly tokensOf: string | undefined;
  readonly description: string | undefined;
}

/** From this size on a file is not checked as a whole: that would hold the database for too long. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** Throws `corrupt`, naming what and where, for a file that SQLite finds damaged. */
export function checkPages(staged: Database): void {
  staged.run("PRAGMA trusted_schema=OFF");
  // Its pages are read once; those of the database are worth the memory.
  staged.run("PRAGMA cache_size=-2048");
  const pages = Number(staged.value("PRAGMA page_count"));
  // Of a larger one everything that is taken is read from its tables, row by row, and what is damaged is met there.
  if (pages * Number(staged.value("PRAGMA page_size")) >= LARGE_BYTES) return;
  const found = staged.rows("PRAGMA integrity_check(3)").map(([problem]) => String(problem));
  if (found.join() === "ok") return;
  throw new ContextStoreError("corrupt", `The file to import is damaged: ${found.join("; ")}. Nothing was imported.`);
}

/** Finds the chat histories in the file, under whatever prefix. */
export function inspectIncoming(staged: Database): { histories: IncomingTables[]; ignoredTables: string[] } {
  const histories: IncomingTables[] = [];
  const taken = new Set<string>(["axio_opfs_meta", "axio_opfs_clients", "axio_opfs_imported"]);
  for (const [name] of staged.rows(DB_NAMES)) {
    const dbName = String(name);
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
  const messages = `"${dbName}_messages"`;
  const tokens = `"${dbName}_tokens"`;
  const optional = (name: string) => (columns.has(name) ? name : "NULL");
  const hasTokens = containsAll(staged, `${dbName}_tokens`, ["session_id", "project", "input_tokens", "output_tokens"]);
  const ours = ["session_id", "project", "title", "parent_session_id", "forked_at"];
  const session = "session_id = ?1 AND project = ?2";
  return {
    dbName,
    // By the table alone: an index of the file may say something else.
    places: `SELECT rowid, session_id, project, position FROM ${messages} NOT INDEXED WHERE rowid > ?1 ORDER BY rowid LIMIT 256`,
    message: `SELECT role, content, created_at, ${optional("uid")}, ${optional("metadata")}, ${optional("status")} FROM ${messages} NOT INDEXED WHERE rowid = ?1`,
    tokens: hasTokens ? `SELECT session_id, project, input_tokens, output_tokens FROM ${tokens}` : undefined,
    tokensOf: hasTokens ? `SELECT input_tokens, output_tokens FROM ${tokens} WHERE ${session}` : undefined,
    description: containsAll(staged, `${dbName}_sessions`, ours)
      ? `SELECT title, parent_session_id, forked_at FROM "${dbName}_sessions" WHERE ${session}`
      : undefined,
  };
}

function containsAll(staged: Database, table: string, wanted: readonly string[]): boolean {
  const columns = plainColumns(staged, table);
  return wanted.every((column) => columns.has(column));
}
