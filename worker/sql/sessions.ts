import { entryOf, listOf } from "./list.js";
import { SESSION, type Names } from "./names.js";

/** Sessions: what a list shows, kept by every write, so that a list costs the same however long the histories are. */
export function sessionsSql({ messages, tokens, sessions }: Names) {
  const page = (time: "created_at" | "updated_at", behind: string) =>
    listOf(`
      SELECT json_array(${entryOf("t")}) AS item
      FROM ${sessions} AS s LEFT JOIN ${tokens} AS t ON t.session_id = s.session_id AND t.project = s.project
      WHERE s.project = ?1${behind} ORDER BY s.${time} DESC, s.session_id DESC LIMIT ?2`);
  return {
    sessionCount: `SELECT message_count FROM ${sessions} WHERE ${SESSION}`,
    countOneMore: `
      UPDATE ${sessions} SET message_count = message_count + 1
      WHERE ${SESSION} AND preview IS NOT NULL AND created_at <= ?3 AND updated_at >= ?3`,
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
        created_at = excluded.created_at,
        updated_at = iif(typeof(updated_at) = 'text', max(updated_at, excluded.updated_at), excluded.updated_at)`,
    /** Of a fork that has its messages: they are of one moment, and the first of a user is that of the other session. */
    forkSummary: `
      INSERT INTO ${sessions}(
        session_id, project, message_count, preview, created_at, updated_at, parent_session_id, forked_at)
      SELECT ?3, project, ?4, iif(
          EXISTS (SELECT 1 FROM ${messages} WHERE session_id = ?3 AND +project = ?2 AND role = 'user'), preview, NULL
        ), ?5, ?5, session_id, ?4
      FROM ${sessions} WHERE ${SESSION}`,
    summaryOf: `SELECT created_at, preview FROM ${sessions} WHERE ${SESSION}`,
    editSummary: `
      UPDATE ${sessions} SET message_count = ?3, created_at = ?4, preview = ?5,
        updated_at = max(updated_at, datetime('now'))
      WHERE ${SESSION}`,
    setLineage: `UPDATE ${sessions} SET parent_session_id = ?3, forked_at = ?4 WHERE ${SESSION}`,
    setPreview: `UPDATE ${sessions} SET preview = ?3 WHERE ${SESSION}`,
    setTitle: `UPDATE ${sessions} SET title = ?3 WHERE ${SESSION}`,
    deleteSummary: `DELETE FROM ${sessions} WHERE ${SESSION}`,
    /** Of a list of sessions, each with its count: those that have as many messages. */
    deleteSummaries: `
      DELETE FROM ${sessions} WHERE (project, session_id, message_count) IN
        (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))
      RETURNING project, session_id`,
    forksOf: `SELECT session_id, forked_at FROM ${sessions} WHERE project = ?2 AND parent_session_id = ?1`,
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
  };
}
