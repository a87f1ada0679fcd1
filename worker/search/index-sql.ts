import { onceEach } from "../once.js";

// The tables of the search index, which lies in a file of its own: it can be made anew at any time.

export const INDEX_TABLES = `
  CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS progress(db_name TEXT PRIMARY KEY, last_id INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS partial(db_name TEXT, id INTEGER, PRIMARY KEY(db_name, id)) WITHOUT ROWID;
`;

export const INDEX_META_GET = "SELECT value FROM meta WHERE key = ?";
export const INDEX_META_SET = "INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)";
export const INDEX_NAMES = "SELECT db_name FROM progress";
export const LAST_GET = "SELECT last_id FROM progress WHERE db_name = ?";
export const LAST_SET = "INSERT OR REPLACE INTO progress(db_name, last_id) VALUES (?, ?)";
export const PARTIAL_GET = "SELECT id FROM partial WHERE db_name = ?";
export const PARTIAL_SET = "INSERT OR IGNORE INTO partial(db_name, id) VALUES (?, ?)";
export const PARTIAL_REMOVE = "DELETE FROM partial WHERE db_name = ? AND id = ?";

/** The statements of one table prefix. */
export const indexTables = onceEach((dbName) => {
  const words = `"${dbName}_words"`;
  return {
    // Without contents: the messages have them. A row must be deleted before it is written again.
    create: `
      CREATE VIRTUAL TABLE IF NOT EXISTS ${words}
      USING fts5(body, parts, scope, content='', contentless_delete=1, tokenize='ascii')`,
    rank: `INSERT INTO ${words}(${words}, rank) VALUES ('rank', 'bm25(1.0, 0.5, 0.0)')`,
    insert: `INSERT INTO ${words}(rowid, body, parts, scope) VALUES (?, ?, ?, ?)`,
    remove: `DELETE FROM ${words} WHERE rowid = ?`,
    best: `
      SELECT json_group_array(rowid)
      FROM (SELECT rowid FROM ${words} WHERE ${words} MATCH ? ORDER BY rank, rowid DESC LIMIT ?)`,
    newest: `
      SELECT json_group_array(rowid)
      FROM (SELECT rowid FROM ${words} WHERE ${words} MATCH ? ORDER BY rowid DESC LIMIT ?)`,
    ids: `SELECT id FROM "${dbName}_words_docsize" WHERE id > ? ORDER BY id LIMIT 256`,
    count: `SELECT count(*) FROM "${dbName}_words_docsize"`,
    has: `SELECT 1 FROM "${dbName}_words_docsize" WHERE id = ?`,
    optimize: `INSERT INTO ${words}(${words}) VALUES ('optimize')`,
  };
});
