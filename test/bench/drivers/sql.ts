// The tables and statements that the SQLite rivals share: an index for every question, and a summary per session.

export const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS sessions(
    id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, count INTEGER NOT NULL, preview TEXT) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS sessions_created ON sessions(created_at)",
  `CREATE TABLE IF NOT EXISTS messages(
    id INTEGER PRIMARY KEY, session TEXT NOT NULL, position INTEGER NOT NULL, json TEXT NOT NULL)`,
  "CREATE UNIQUE INDEX IF NOT EXISTS messages_place ON messages(session, position)",
];

/** Session, time, preview. */
export const COUNT_MESSAGE = `
  INSERT INTO sessions(id, created_at, count, preview) VALUES (?, ?, 1, ?)
  ON CONFLICT(id) DO UPDATE SET count = count + 1, preview = coalesce(preview, excluded.preview)`;
/** Message, session; after COUNT_MESSAGE. */
export const ADD_MESSAGE =
  "INSERT INTO messages(session, position, json) SELECT id, count - 1, ? FROM sessions WHERE id = ?";
export const LOAD_SESSION = "INSERT INTO sessions(id, created_at, count, preview) VALUES (?, ?, ?, ?)";
export const LOAD_MESSAGE = "INSERT INTO messages(session, position, json) VALUES (?, ?, ?)";
export const HISTORY = "SELECT json FROM messages WHERE session = ? ORDER BY position";
/** Newest first. */
export const LAST = "SELECT json FROM messages WHERE session = ? ORDER BY position DESC LIMIT ?";
export const LIST = "SELECT id, created_at, count, preview FROM sessions ORDER BY created_at DESC";
/** Target, time, source. */
export const FORK_SESSION = "INSERT INTO sessions SELECT ?, ?, count, preview FROM sessions WHERE id = ?";
/** Target, source. */
export const FORK_MESSAGES = `
  INSERT INTO messages(session, position, json) SELECT ?, position, json FROM messages WHERE session = ? ORDER BY position`;
export const SEARCH = "SELECT session, position FROM messages WHERE json LIKE '%' || ? || '%'";
