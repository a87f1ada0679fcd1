// What belongs to the whole file: our own records of it.

/** The schema that this version writes. */
export const SCHEMA_VERSION = 1;

/** Tables of the whole file. */
export const FILE_TABLES = `
  CREATE TABLE IF NOT EXISTS axio_opfs_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS axio_opfs_clients(
    client TEXT PRIMARY KEY, state TEXT NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS axio_opfs_imported(
    id INTEGER PRIMARY KEY, db_name TEXT NOT NULL, session_id TEXT NOT NULL, project TEXT NOT NULL,
    first_id INTEGER NOT NULL, last_id INTEGER NOT NULL, updated_at TEXT);
  CREATE INDEX IF NOT EXISTS axio_opfs_imported_session ON axio_opfs_imported(db_name, session_id, project);
`;

export const META_GET = "SELECT value FROM axio_opfs_meta WHERE key = ?";
export const META_SET =
  "INSERT INTO axio_opfs_meta(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value";
export const META_REMOVE = "DELETE FROM axio_opfs_meta WHERE key = ?";

export const CLIENT_GET = "SELECT state FROM axio_opfs_clients WHERE client = ?";
export const CLIENT_SET = `
  INSERT INTO axio_opfs_clients(client, state, used_at) VALUES (?, ?, ?)
  ON CONFLICT(client) DO UPDATE SET state = excluded.state, used_at = excluded.used_at`;
export const CLIENTS_PURGE = "DELETE FROM axio_opfs_clients WHERE used_at < ?";

export const TABLE_NAMES = "SELECT name FROM sqlite_schema WHERE type = 'table'";

/** The columns that make a table a message table of the Python package. */
export const MESSAGE_COLUMNS = ["id", "session_id", "project", "position", "role", "content", "created_at"] as const;
