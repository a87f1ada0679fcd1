import type { Names } from "./names.js";

/** What the search index reads. */
export function searchSql({ messages, sessions, deleted, deletedRows }: Names) {
  // A deleted session comes back with its ids, which are then in the index already.
  const indexed = (order: ">" | "=") => `
      SELECT id, session_id, project, role, content, status FROM ${messages} WHERE id ${order} ?1
      UNION ALL SELECT r.id, d.session_id, d.project, r.role, r.content, r.status
      FROM ${deletedRows} AS r JOIN ${deleted} AS d ON d.deletion_id = r.deletion_id WHERE r.id ${order} ?1`;
  return {
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
    countAfter: `SELECT count(*) FROM ${messages} WHERE id > ?1`,
    countAll: `SELECT coalesce(sum(message_count), 0) FROM ${sessions}`,
    countDeleted: `SELECT coalesce(sum(message_count), 0) FROM ${deleted}`,
  };
}
