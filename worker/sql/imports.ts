import { SESSION, type Names } from "./names.js";

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

/** What an import reads and writes of the tables. */
export function importsSql({ dbName, messages, tokens, sessions }: Names) {
  const ofDescribed = "i.db_name = d.db_name AND i.session_id = d.session_id AND i.project = d.project";
  const imported = ` FROM ${messages} WHERE id > ?3 AND id <= ?4 AND +session_id = ?1 AND +project = ?2`;
  return {
    forMerge: `
      SELECT position, id, role, content, uid, status FROM ${messages} WHERE ${SESSION} AND position > ?3 ORDER BY position LIMIT ?4`,
    describe: `
      INSERT INTO temp.described
      SELECT '${dbName}', ?1, ?2, TRUE, iif(count(*) = 0, ?3, max(0, ?3 - max(input_tokens))),
        iif(count(*) = 0, ?4, max(0, ?4 - max(output_tokens))), ?5, ?6, ?7
      FROM ${tokens} WHERE ${SESSION}`,
    describeOther: `INSERT INTO temp.described VALUES ('${dbName}', ?1, ?2, FALSE, ?3, ?4, NULL, NULL, NULL)`,
    /** Of the sessions of which messages were added, those of which none is left. */
    forgetLost: `
      DELETE FROM temp.described AS d WHERE d.db_name = '${dbName}'
        AND EXISTS (SELECT 1 FROM axio_opfs_imported AS i WHERE ${ofDescribed})
        AND NOT EXISTS (
          SELECT 1 FROM axio_opfs_imported AS i JOIN ${messages} AS m ON m.id BETWEEN i.first_id AND i.last_id
          WHERE ${ofDescribed} AND m.session_id = d.session_id AND +m.project = d.project)`,
    // Added to what there is by then, so that what others have counted meanwhile stays. What is here is not overwritten.
    takeDescribed: [
      `INSERT INTO ${tokens}(session_id, project, input_tokens, output_tokens)
      SELECT session_id, project, input_tokens, output_tokens FROM temp.described
      WHERE db_name = '${dbName}' AND is_ours AND input_tokens IS NOT NULL
      ON CONFLICT(session_id, project) DO UPDATE
      SET input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens`,
      `INSERT OR IGNORE INTO ${tokens}(session_id, project, input_tokens, output_tokens)
      SELECT session_id, project, input_tokens, output_tokens FROM temp.described
      WHERE db_name = '${dbName}' AND NOT is_ours`,
      `UPDATE ${sessions} SET title = coalesce(${sessions}.title, d.title),
        parent_session_id = coalesce(${sessions}.parent_session_id, d.parent_session_id),
        forked_at = iif(${sessions}.parent_session_id IS NULL, d.forked_at, ${sessions}.forked_at)
      FROM temp.described AS d
      WHERE d.db_name = '${dbName}' AND d.is_ours AND (d.title IS NOT NULL OR d.parent_session_id IS NOT NULL)
        AND ${sessions}.project = d.project AND ${sessions}.session_id = d.session_id`,
    ] as const,
    updatedAt: `SELECT updated_at FROM ${sessions} WHERE ${SESSION}`,
    countMessages: `
      INSERT INTO ${sessions}(session_id, project, message_count, preview, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT(project, session_id) DO UPDATE SET
        message_count = message_count + excluded.message_count,
        preview = coalesce(preview, excluded.preview),
        created_at = min(created_at, excluded.created_at),
        updated_at = max(updated_at, excluded.updated_at)`,
    // The time of the session is that before them, unless it is a later edit's.
    uncount: `
      UPDATE ${sessions} SET message_count = message_count - taken.count,
        updated_at = iif(updated_at <= taken.last, coalesce(?5, created_at), updated_at)
      FROM (SELECT count(*) AS count, max(created_at) AS last${imported}) AS taken
      WHERE ${SESSION} AND message_count > taken.count`,
    takeBack: `DELETE${imported}`,
    deleteAll: [`DELETE FROM ${messages}`, `DELETE FROM ${tokens}`, `DELETE FROM ${sessions}`] as const,
  };
}
