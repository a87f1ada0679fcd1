import { entryOf, listOf } from "./list.js";
import { SESSION, KEPT, DESCRIBED, type Names } from "./names.js";

/**
 * Deleted sessions. `others` is how many rows of other projects stood before a row: their places among each other are
 * restored too.
 */
export function deletedSql({ messages, tokens, sessions, deleted, deletedRows }: Names) {
  const listed = `s.session_id, s.project, s.message_count, s.preview, s.title, s.created_at, s.updated_at,
    s.parent_session_id, s.forked_at`;
  return {
    noteDeletion: `
      INSERT INTO ${deleted}(deletion_id, deleted_at, session_id, project, ${DESCRIBED}, input_tokens, output_tokens)
      SELECT ?3, ?4, ${listed}, t.input_tokens, t.output_tokens
      FROM ${sessions} AS s LEFT JOIN ${tokens} AS t ON t.session_id = s.session_id AND t.project = s.project
      WHERE s.session_id = ?1 AND s.project = ?2`,
    keepRows: `
      INSERT INTO ${deletedRows}(deletion_id, position, others, ${KEPT})
      SELECT ?3, row_number() OVER (ORDER BY position) - 1, position - row_number() OVER (ORDER BY position) + 1, ${KEPT}
      FROM ${messages} WHERE ${SESSION}`,
    deletions: listOf(`
      SELECT json_array(s.deletion_id, datetime(s.deleted_at / 1000, 'unixepoch'), s.project,
        json_array(${entryOf("s")})) AS item
      FROM ${deleted} AS s ORDER BY s.deleted_at DESC, s.deletion_id DESC LIMIT -1`),
    isDeletion: `SELECT 1 FROM ${deleted} WHERE deletion_id = ?3 AND ${SESSION}`,
    makeRoom: `
      UPDATE ${messages} SET position = -1 - position
        - (SELECT count(*) FROM ${deletedRows} WHERE deletion_id = ?2 AND others <= ${messages}.position)
      WHERE session_id = ?1`,
    restoreRows: `
      INSERT INTO ${messages}(session_id, project, position, ${KEPT})
      SELECT ?1, ?2, position + min(others, (SELECT count(*) FROM ${messages} WHERE session_id = ?1)), ${KEPT}
      FROM ${deletedRows} WHERE deletion_id = ?3`,
    restoreSummary: `
      INSERT INTO ${sessions}(session_id, project, ${DESCRIBED})
      SELECT session_id, project, ${DESCRIBED} FROM ${deleted} WHERE deletion_id = ?1`,
    restoreTokens: `
      INSERT INTO ${tokens}(session_id, project, input_tokens, output_tokens)
      SELECT session_id, project, input_tokens, output_tokens FROM ${deleted}
      WHERE deletion_id = ?1 AND input_tokens IS NOT NULL`,
    forgetRows: `DELETE FROM ${deletedRows} WHERE deletion_id = ?1`,
    forgetDeletion: `DELETE FROM ${deleted} WHERE deletion_id = ?1`,
    deletedBefore: `SELECT deletion_id FROM ${deleted} WHERE deleted_at <= ?1`,
  };
}
