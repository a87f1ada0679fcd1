import type { Names } from "./names.js";

/** What a list shows of a session, whether it is there or deleted: the columns of `DESCRIBED`. */
const DESCRIPTION = `message_count INTEGER NOT NULL,
        preview TEXT,
        title TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        parent_session_id TEXT,
        forked_at INTEGER`;

/**
 * Makes the tables. `<dbName>_messages` and `<dbName>_tokens` are those of the Python package: their own columns come
 * first, with its types, defaults, constraints and indexes. What is ours lies in further nullable columns (uid, metadata,
 * status) and further tables, which that package tolerates.
 */
export function createSql({ dbName, messages, tokens, sessions, parts, deleted, deletedRows, uidIndex }: Names) {
  return {
    create: `
      CREATE TABLE IF NOT EXISTS ${messages}(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL,
        project TEXT NOT NULL,
        position INTEGER NOT NULL,
        role TEXT NOT NULL,
        content TEXT NOT NULL,
        created_at TEXT NOT NULL DEFAULT (datetime('now')),
        uid TEXT,
        metadata TEXT,
        status TEXT,
        UNIQUE(session_id, position));
      CREATE INDEX IF NOT EXISTS "idx_${dbName}_messages_session" ON ${messages}(session_id);
      CREATE INDEX IF NOT EXISTS "idx_${dbName}_messages_project" ON ${messages}(project);
      CREATE INDEX IF NOT EXISTS ${uidIndex} ON ${messages}(uid) WHERE uid IS NOT NULL;
      CREATE TABLE IF NOT EXISTS ${tokens}(
        session_id TEXT NOT NULL,
        project TEXT NOT NULL,
        input_tokens INTEGER NOT NULL DEFAULT 0,
        output_tokens INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY(session_id, project));
      CREATE TABLE IF NOT EXISTS ${sessions}(
        session_id TEXT NOT NULL,
        project TEXT NOT NULL,
        ${DESCRIPTION},
        PRIMARY KEY(project, session_id)) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS "idx_${dbName}_sessions_created" ON ${sessions}(project, created_at, session_id);
      CREATE INDEX IF NOT EXISTS "idx_${dbName}_sessions_updated" ON ${sessions}(project, updated_at, session_id);
      CREATE TABLE IF NOT EXISTS ${parts}(
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        keep INTEGER NOT NULL,
        text TEXT NOT NULL,
        tail INTEGER NOT NULL,
        PRIMARY KEY(message_id, number)) WITHOUT ROWID;
      CREATE TRIGGER IF NOT EXISTS "${dbName}_parts_of_deleted" AFTER DELETE ON ${messages}
      WHEN old.status IS NOT NULL BEGIN DELETE FROM ${parts} WHERE message_id = old.id; END;
      CREATE INDEX IF NOT EXISTS "idx_${dbName}_sessions_parent" ON ${sessions}(project, parent_session_id)
        WHERE parent_session_id IS NOT NULL;
      CREATE TABLE IF NOT EXISTS ${deleted}(
        deletion_id TEXT PRIMARY KEY,
        deleted_at INTEGER NOT NULL,
        session_id TEXT NOT NULL,
        project TEXT NOT NULL,
        ${DESCRIPTION},
        input_tokens INTEGER,
        output_tokens INTEGER) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS "idx_${dbName}_deleted_at" ON ${deleted}(deleted_at);
      CREATE TABLE IF NOT EXISTS ${deletedRows}(
        id INTEGER PRIMARY KEY,
        deletion_id TEXT NOT NULL,
        position INTEGER NOT NULL,
        others INTEGER NOT NULL,
        role TEXT NOT NULL,
        content TEXT NOT NULL,
        created_at TEXT NOT NULL,
        uid TEXT,
        metadata TEXT,
        status TEXT,
        UNIQUE(deletion_id, position));`,
  };
}
