// Every table and every statement, in one place. The tables `<dbName>_messages` and `<dbName>_tokens` are those of the
// Python package: their own columns come first, with its types, defaults, constraints and indexes. What is ours lies in
// further nullable columns (uid, metadata, status) and further tables, which that package tolerates.

import { NO_PREVIEW } from "../src/preview.js";

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

// What an import that is under way has added: ranges of message ids of a session, and when that had changed before.
export const IMPORTED_ADD = `
  INSERT INTO axio_opfs_imported(db_name, session_id, project, first_id, last_id, updated_at)
  VALUES (?, ?, ?, ?, ?, ?) RETURNING id`;
export const IMPORTED_EXTEND = "UPDATE axio_opfs_imported SET last_id = ?2 WHERE id = ?1";
export const IMPORTED_REMOVE = "DELETE FROM axio_opfs_imported WHERE id = ?1";
export const IMPORTED_LAST = `
  SELECT id, db_name, session_id, project, first_id, last_id, updated_at FROM axio_opfs_imported
  WHERE id > ?1 ORDER BY id DESC LIMIT 1`;
export const IMPORTED_LAST_OF = `
  SELECT id, db_name, session_id, project, first_id, last_id, updated_at FROM axio_opfs_imported
  WHERE db_name = ?2 AND session_id = ?3 AND project = ?4 AND id > ?1 ORDER BY id DESC LIMIT 1`;
export const IMPORTED_ANY = "SELECT 1 FROM axio_opfs_imported LIMIT 1";
/** Each session with the number of its imported messages, and when it had changed before: as its first range says. */
export const IMPORTED_SESSIONS = `
  SELECT i.db_name, i.session_id, i.project, g.messages, i.updated_at FROM axio_opfs_imported AS i JOIN (
    SELECT min(id) AS first, sum(last_id - first_id + 1) AS messages FROM axio_opfs_imported
    GROUP BY db_name, session_id, project) AS g ON g.first = i.id`;
export const IMPORTED_CLEAR = "DELETE FROM axio_opfs_imported";

// What a file says of sessions beside their messages, until the end of its import. `is_ours`: of a session that the import
// has added to; of the others, token counts alone are taken, where there are none.
export const DESCRIBED_BEGIN = [
  `CREATE TEMP TABLE IF NOT EXISTS described(
    db_name TEXT, session_id TEXT, project TEXT, is_ours INTEGER, input_tokens, output_tokens,
    title, parent_session_id, forked_at)`,
  "DELETE FROM temp.described",
] as const;

export const TABLE_NAMES = "SELECT name FROM sqlite_schema WHERE type = 'table'";

/** The columns that make a table a message table of the Python package. */
export const MESSAGE_COLUMNS = ["id", "session_id", "project", "position", "role", "content", "created_at"] as const;

export type Tables = ReturnType<typeof build>;

const built = new Map<string, Tables>();

/** The statements of one table prefix. `dbName` has been checked: nothing but letters, digits and "_" is in it. */
export function tables(dbName: string): Tables {
  let found = built.get(dbName);
  if (!found) built.set(dbName, (found = build(dbName)));
  return found;
}

function build(dbName: string) {
  const messages = `"${dbName}_messages"`;
  const tokens = `"${dbName}_tokens"`;
  const sessions = `"${dbName}_sessions"`;
  const parts = `"${dbName}_parts"`;
  const uidIndex = `"idx_${dbName}_messages_uid"`;
  const session = "session_id = ?1 AND project = ?2";
  const deleted = `"${dbName}_deleted"`;
  const deletedRows = `"${dbName}_deleted_rows"`;
  // Without the plus SQLite may prefer Python's index over the project, and read all of its messages.
  const bySession = "session_id = ?1 AND +project = ?2";
  // What was read before, by who asks, is left where it is.
  const content = "iif(id BETWEEN ?5 AND ?6 AND status IS NULL, NULL, content)";
  const row = `id, uid, position, created_at, role, ${content}, metadata, status`;
  // What a message keeps while its session is deleted, and what its list entry does.
  const kept = "id, role, content, created_at, uid, metadata, status";
  const described = "message_count, preview, title, created_at, updated_at, parent_session_id, forked_at";
  const listed = `s.session_id, s.project, s.message_count, s.preview, s.title, s.created_at, s.updated_at,
    s.parent_session_id, s.forked_at`;
  // The row of a list as JSON text, which is read and posted in one piece. What Python may have stored of a number, it
  // cuts off on reading.
  const json = (counts: "s" | "t") => `
    rtrim(json_object('sessionId', s.session_id, 'project', s.project, 'messageCount', s.message_count,
      'preview', coalesce(s.preview, '${NO_PREVIEW}'), 'createdAt', s.created_at, 'updatedAt', s.updated_at,
      'inputTokens', CAST(coalesce(${counts}.input_tokens, 0) AS INTEGER),
      'outputTokens', CAST(coalesce(${counts}.output_tokens, 0) AS INTEGER)), '}')
    || iif(s.title IS NULL, '', ',"title":' || json_quote(CAST(s.title AS TEXT)))
    || iif(s.parent_session_id IS NULL, '', ',"parentSessionId":' || json_quote(CAST(s.parent_session_id AS TEXT)))
    || iif(s.forked_at IS NULL, '', ',"forkedAt":' || s.forked_at)`;
  // One text, which costs less than a row for each. The order is that of the rows: they come from a subquery that has a
  // LIMIT, whose ORDER BY SQLite never leaves out.
  const list = (rows: string) => `SELECT '[' || coalesce(group_concat(item), '') || ']' FROM (${rows})`;
  const page = (time: "created_at" | "updated_at", behind: string) =>
    list(`
      SELECT ${json("t")} || '}' AS item
      FROM ${sessions} AS s LEFT JOIN ${tokens} AS t ON t.session_id = s.session_id AND t.project = s.project
      WHERE s.project = ?1${behind} ORDER BY s.${time} DESC, s.session_id DESC LIMIT ?2`);
  // A deleted session comes back with its ids, which are then in the index already.
  const indexed = (order: ">" | "=") => `
      SELECT id, session_id, project, role, content, status FROM ${messages} WHERE id ${order} ?1
      UNION ALL SELECT r.id, d.session_id, d.project, r.role, r.content, r.status
      FROM ${deletedRows} AS r JOIN ${deleted} AS d ON d.deletion_id = r.deletion_id WHERE r.id ${order} ?1`;
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
        message_count INTEGER NOT NULL,
        preview TEXT,
        title TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        parent_session_id TEXT,
        forked_at INTEGER,
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
        message_count INTEGER NOT NULL,
        preview TEXT,
        title TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        parent_session_id TEXT,
        forked_at INTEGER,
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

    // Messages. The position in the table is dense per session id over all projects, since its UNIQUE constraint knows no
    // project. What is run for each message has no RETURNING and no subquery: SQLite would open a table for the one, and
    // both together take as long as all the rest.
    insert: `
      INSERT INTO ${messages}(session_id, project, position, role, content, uid, metadata, created_at, status)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`,
    byUid: `SELECT id, position, created_at FROM ${messages} INDEXED BY ${uidIndex} WHERE uid = ?3 AND ${session}`,
    lastPosition: `SELECT max(position) FROM ${messages} WHERE session_id = ?1`,
    all: `SELECT ${row} FROM ${messages} WHERE ${session} ORDER BY position`,
    allBrief: `
      SELECT id, NULL, NULL, NULL, role, ${content}, NULL, status FROM ${messages} WHERE ${session} ORDER BY position`,
    slice: `SELECT ${row} FROM ${messages} WHERE ${session} ORDER BY position LIMIT ?3 OFFSET ?4`,
    sliceFromEnd: `SELECT ${row} FROM ${messages} WHERE ${session} ORDER BY position DESC LIMIT ?3 OFFSET ?4`,
    countFrom: `SELECT count(*) FROM ${messages} WHERE ${session} AND position >= ?3`,
    between: `SELECT ${row} FROM ${messages} WHERE ${session} AND position >= ?3 AND position < ?4 ORDER BY position`,
    firstUser: `SELECT content FROM ${messages} WHERE ${session} AND role = 'user' ORDER BY position LIMIT 1`,
    hasUserBefore: `SELECT 1 FROM ${messages} WHERE ${session} AND role = 'user' AND position < ?3 LIMIT 1`,
    firstTime: `SELECT created_at FROM ${messages} WHERE ${session} ORDER BY position LIMIT 1`,
    summary: `SELECT count(*), min(created_at), max(created_at) FROM ${messages} WHERE ${bySession}`,
    deleteSession: `DELETE FROM ${messages} WHERE ${bySession}`,

    // Edits. Those that follow the edited rows move up or down, those before them are not touched.
    placesBetween: `
      SELECT id, position, created_at FROM ${messages} WHERE ${session} AND position >= ?3 AND position < ?4
      ORDER BY position`,
    placesSlice: `SELECT id, position, created_at FROM ${messages} WHERE ${session} ORDER BY position LIMIT ?3 OFFSET ?4`,
    deleteBetween: `DELETE FROM ${messages} WHERE ${session} AND position BETWEEN ?3 AND ?4`,
    // Two steps: with one, a row could meet the old position of another on its way.
    renumberAside: `
      UPDATE ${messages} SET position = -(?3 + dense.number)
      FROM (
        SELECT id, row_number() OVER (ORDER BY position) AS number FROM ${messages}
        WHERE session_id = ?1 AND position >= ?2
      ) AS dense
      WHERE ${messages}.id = dense.id`,
    renumberBack: `UPDATE ${messages} SET position = -1 - position WHERE session_id = ?1 AND position < 0`,
    // Where positions in the table are those of the API, or not: numbering the rows copies them once more.
    copyDense: `
      INSERT INTO ${messages}(session_id, project, position, role, content, uid, metadata, status)
      SELECT ?3, project, position, role, content, uid, metadata, status FROM ${messages}
      WHERE ${bySession} AND position < ?4 ORDER BY position`,
    copySession: `
      INSERT INTO ${messages}(session_id, project, position, role, content, uid, metadata, status)
      SELECT ?3, project, (SELECT coalesce(max(position) + 1, 0) FROM ${messages} WHERE session_id = ?3)
        + row_number() OVER (ORDER BY position) - 1, role, content, uid, metadata, status
      FROM ${messages} WHERE ${session} ORDER BY position LIMIT ?4`,

    // Messages that are still being written: what has come since the row was, part by part.
    partial: `SELECT position FROM ${messages} WHERE id = ?3 AND ${session} AND status = 'partial'`,
    finish: `
      UPDATE ${messages} SET content = ?4, status = NULL WHERE id = ?3 AND ${session} AND status = 'partial'
      RETURNING position`,
    addPart: `
      INSERT INTO ${parts}(message_id, number, keep, text, tail)
      VALUES (?1, (SELECT coalesce(max(number) + 1, 0) FROM ${parts} WHERE message_id = ?1), ?2, ?3, ?4)`,
    parts: `SELECT keep, text, tail FROM ${parts} WHERE message_id = ?1 ORDER BY number`,
    deleteParts: `DELETE FROM ${parts} WHERE message_id = ?1`,
    withParts: `
      SELECT id, session_id, project, position, role, content FROM ${messages}
      WHERE id IN (SELECT message_id FROM ${parts})`,
    setContent: `UPDATE ${messages} SET content = ?2 WHERE id = ?1`,

    // Tokens.
    tokens: `SELECT input_tokens, output_tokens FROM ${tokens} WHERE ${session}`,
    setTokens: `
      INSERT INTO ${tokens}(session_id, project, input_tokens, output_tokens) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT(session_id, project) DO UPDATE
      SET input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens`,
    addTokens: `
      INSERT INTO ${tokens}(session_id, project, input_tokens, output_tokens) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT(session_id, project) DO UPDATE
      SET input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens
      RETURNING max(input_tokens, output_tokens)`,
    copyTokens: `
      INSERT OR IGNORE INTO ${tokens}(session_id, project, input_tokens, output_tokens)
      SELECT ?3, project, input_tokens, output_tokens FROM ${tokens} WHERE ${session}`,
    deleteTokens: `DELETE FROM ${tokens} WHERE ${session}`,

    // Summaries: what a list shows, kept by every write, so that a list costs the same however long the histories are.
    sessionCount: `SELECT message_count FROM ${sessions} WHERE ${session}`,
    countOneMore: `
      UPDATE ${sessions} SET message_count = message_count + 1
      WHERE ${session} AND preview IS NOT NULL AND created_at <= ?3 AND updated_at >= ?3`,
    countMessage: `
      INSERT INTO ${sessions}(session_id, project, message_count, preview, created_at, updated_at)
      VALUES (?1, ?2, 1, ?3, ?4, ?4)
      ON CONFLICT(project, session_id) DO UPDATE SET
        message_count = message_count + 1,
        preview = coalesce(preview, excluded.preview),
        created_at = min(created_at, excluded.created_at),
        updated_at = max(updated_at, excluded.updated_at)`,
    setSummary: `
      INSERT INTO ${sessions}(session_id, project, message_count, preview, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT(project, session_id) DO UPDATE SET
        message_count = excluded.message_count, preview = excluded.preview,
        created_at = excluded.created_at, updated_at = excluded.updated_at`,
    summaryOf: `SELECT created_at, preview FROM ${sessions} WHERE ${session}`,
    editSummary: `
      UPDATE ${sessions} SET message_count = ?3, created_at = ?4, preview = ?5,
        updated_at = max(updated_at, datetime('now'))
      WHERE ${session}`,
    setLineage: `UPDATE ${sessions} SET parent_session_id = ?3, forked_at = ?4 WHERE ${session}`,
    setTitle: `UPDATE ${sessions} SET title = ?3 WHERE ${session}`,
    deleteSummary: `DELETE FROM ${sessions} WHERE ${session}`,
    /** Of a list of sessions, each with its count: those that have as many messages. */
    deleteSummaries: `
      DELETE FROM ${sessions} WHERE (project, session_id, message_count) IN
        (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))
      RETURNING project, session_id`,
    forksOf: `SELECT session_id FROM ${sessions} WHERE project = ?2 AND parent_session_id = ?1`,
    // Newest first: the first page, and the one behind a session.
    list: {
      created: {
        first: page("created_at", ""),
        next: page("created_at", " AND (s.created_at, s.session_id) < (?3, ?4)"),
      },
      updated: {
        first: page("updated_at", ""),
        next: page("updated_at", " AND (s.updated_at, s.session_id) < (?3, ?4)"),
      },
    },
    projects: `SELECT project, count(*), sum(message_count) FROM ${sessions} GROUP BY project ORDER BY project`,

    // Deleted sessions. `others` is how many rows of other projects stood before a row: their places among each other
    // are restored too.
    noteDeletion: `
      INSERT INTO ${deleted}(deletion_id, deleted_at, session_id, project, ${described}, input_tokens, output_tokens)
      SELECT ?3, ?4, ${listed}, t.input_tokens, t.output_tokens
      FROM ${sessions} AS s LEFT JOIN ${tokens} AS t ON t.session_id = s.session_id AND t.project = s.project
      WHERE s.session_id = ?1 AND s.project = ?2`,
    keepRows: `
      INSERT INTO ${deletedRows}(deletion_id, position, others, ${kept})
      SELECT ?3, row_number() OVER (ORDER BY position) - 1, position - row_number() OVER (ORDER BY position) + 1, ${kept}
      FROM ${messages} WHERE ${session}`,
    deletions: list(`
      SELECT ${json("s")} || ',"dbName":"${dbName}","deletionId":' || json_quote(s.deletion_id) || ',"deletedAt":"'
        || strftime('%Y-%m-%d %H:%M:%S', s.deleted_at / 1000, 'unixepoch') || '"}' AS item
      FROM ${deleted} AS s ORDER BY s.deleted_at DESC, s.deletion_id DESC LIMIT -1`),
    isDeletion: `SELECT 1 FROM ${deleted} WHERE deletion_id = ?3 AND ${session}`,
    makeRoom: `
      UPDATE ${messages} SET position = -1 - position
        - (SELECT count(*) FROM ${deletedRows} WHERE deletion_id = ?2 AND others <= ${messages}.position)
      WHERE session_id = ?1`,
    restoreRows: `
      INSERT INTO ${messages}(session_id, project, position, ${kept})
      SELECT ?1, ?2, position + min(others, (SELECT count(*) FROM ${messages} WHERE session_id = ?1)), ${kept}
      FROM ${deletedRows} WHERE deletion_id = ?3`,
    restoreSummary: `
      INSERT INTO ${sessions}(session_id, project, ${described})
      SELECT session_id, project, ${described} FROM ${deleted} WHERE deletion_id = ?1`,
    restoreTokens: `
      INSERT OR REPLACE INTO ${tokens}(session_id, project, input_tokens, output_tokens)
      SELECT session_id, project, input_tokens, output_tokens FROM ${deleted}
      WHERE deletion_id = ?1 AND input_tokens IS NOT NULL`,
    forgetRows: `DELETE FROM ${deletedRows} WHERE deletion_id = ?1`,
    forgetDeletion: `DELETE FROM ${deleted} WHERE deletion_id = ?1`,
    deletedBefore: `SELECT deletion_id FROM ${deleted} WHERE deleted_at <= ?1`,

    // For the search index.
    toIndex: `${indexed(">")} ORDER BY id LIMIT ?2`,
    toIndexAgain: indexed("="),
    // Of the ids in a list, in its order. Where the positions of a session are all its own, they are also those of the API.
    found: `
      SELECT m.id, m.session_id, m.project, m.position, m.role, m.content, m.created_at, m.status,
        s.message_count = (SELECT max(position) + 1 FROM ${messages} WHERE session_id = m.session_id)
      FROM json_each(?1) AS wanted CROSS JOIN ${messages} AS m ON m.id = wanted.value
      LEFT JOIN ${sessions} AS s ON s.project = m.project AND s.session_id = m.session_id
      ORDER BY wanted.key`,
    isKept: `
      SELECT 1 FROM ${messages} WHERE id = ?1 UNION ALL SELECT 1 FROM ${deletedRows} WHERE id = ?1 LIMIT 1`,
    idsAfter: `SELECT id FROM ${messages} WHERE id > ?1 ORDER BY id LIMIT 256`,
    /** To which the last message was written. */
    lastSession: `SELECT project, session_id FROM ${messages} ORDER BY id DESC LIMIT 1`,
    lastId: `SELECT max(id) FROM ${messages}`,
    countAfter: `SELECT count(*) FROM ${messages} WHERE id > ?1`,
    countAll: `SELECT coalesce(sum(message_count), 0) FROM ${sessions}`,
    countDeleted: `SELECT coalesce(sum(message_count), 0) FROM ${deleted}`,

    // For imports and checks.
    forMerge: `
      SELECT position, role, content FROM ${messages} WHERE ${session} AND position > ?3 ORDER BY position LIMIT ?4`,
    describe: `
      INSERT INTO temp.described
      SELECT '${dbName}', ?1, ?2, TRUE, ?3 - coalesce(max(input_tokens), 0), ?4 - coalesce(max(output_tokens), 0), ?5, ?6, ?7
      FROM ${tokens} WHERE ${session}`,
    describeOther: `INSERT INTO temp.described VALUES ('${dbName}', ?1, ?2, FALSE, ?3, ?4, NULL, NULL, NULL)`,
    // Added to what there is by then, so that what others have counted meanwhile stays.
    takeDescribed: [
      `INSERT INTO ${tokens}(session_id, project, input_tokens, output_tokens)
      SELECT session_id, project, input_tokens, output_tokens FROM temp.described
      WHERE db_name = '${dbName}' AND is_ours AND input_tokens IS NOT NULL
      ON CONFLICT(session_id, project) DO UPDATE
      SET input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens`,
      `INSERT OR IGNORE INTO ${tokens}(session_id, project, input_tokens, output_tokens)
      SELECT session_id, project, input_tokens, output_tokens FROM temp.described
      WHERE db_name = '${dbName}' AND NOT is_ours`,
      `UPDATE ${sessions} SET title = coalesce(d.title, ${sessions}.title),
        parent_session_id = coalesce(d.parent_session_id, ${sessions}.parent_session_id),
        forked_at = iif(d.parent_session_id IS NULL, ${sessions}.forked_at, d.forked_at)
      FROM temp.described AS d
      WHERE d.db_name = '${dbName}' AND d.is_ours AND (d.title IS NOT NULL OR d.parent_session_id IS NOT NULL)
        AND ${sessions}.project = d.project AND ${sessions}.session_id = d.session_id`,
    ] as const,
    updatedAt: `SELECT updated_at FROM ${sessions} WHERE ${session}`,
    keepUpdatedAt: `UPDATE ${sessions} SET updated_at = max(updated_at, ?3) WHERE ${session}`,
    countMessages: `
      INSERT INTO ${sessions}(session_id, project, message_count, preview, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT(project, session_id) DO UPDATE SET
        message_count = message_count + excluded.message_count,
        preview = coalesce(preview, excluded.preview),
        created_at = min(created_at, excluded.created_at),
        updated_at = max(updated_at, excluded.updated_at)`,
    takeBack: `
      DELETE FROM ${messages} WHERE id > ?3 AND id <= ?4 AND +session_id = ?1 AND +project = ?2`,
    uncount: `UPDATE ${sessions} SET message_count = message_count - ?3 WHERE ${session} AND message_count > ?3`,
    sessionKeys: `SELECT session_id, project FROM ${messages} GROUP BY session_id, project ORDER BY min(id)`,
    summaryKeys: `SELECT session_id, project FROM ${sessions}`,
    shown: `SELECT message_count, created_at, updated_at, preview FROM ${sessions} WHERE ${session}`,
    contents: `SELECT position, content, metadata FROM ${messages} WHERE ${session} AND position > ?3 ORDER BY position LIMIT 64`,
    positionGaps: `
      SELECT session_id, count(*), min(position), max(position) FROM ${messages} GROUP BY session_id
      HAVING min(position) <> 0 OR max(position) <> count(*) - 1 OR total(typeof(position) <> 'integer') > 0`,
    deleteAll: [`DELETE FROM ${messages}`, `DELETE FROM ${tokens}`, `DELETE FROM ${sessions}`] as const,
  };
}
