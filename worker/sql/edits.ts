import { SESSION, BY_SESSION, type Names } from "./names.js";

/** Edits. Those that follow the edited rows move up or down, those before them are not touched. */
export function editsSql({ messages }: Names) {
  return {
    placesBetween: `
      SELECT id, position, created_at FROM ${messages} WHERE ${SESSION} AND position >= ?3 AND position < ?4
      ORDER BY position`,
    placesSlice: `SELECT id, position, created_at FROM ${messages} WHERE ${SESSION} ORDER BY position LIMIT ?3 OFFSET ?4`,
    deleteBetween: `DELETE FROM ${messages} WHERE ${SESSION} AND position BETWEEN ?3 AND ?4`,
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
      INSERT INTO ${messages}(session_id, project, position, role, content, uid, metadata, status, created_at)
      SELECT ?3, project, position, role, content, uid, metadata, status, ?5 FROM ${messages}
      WHERE ${BY_SESSION} AND position < ?4 ORDER BY position`,
    copySession: `
      INSERT INTO ${messages}(session_id, project, position, role, content, uid, metadata, status, created_at)
      SELECT ?3, project, (SELECT coalesce(max(position) + 1, 0) FROM ${messages} WHERE session_id = ?3)
        + row_number() OVER (ORDER BY position) - 1, role, content, uid, metadata, status, ?5
      FROM ${messages} WHERE ${SESSION} ORDER BY position LIMIT ?4`,
  };
}
