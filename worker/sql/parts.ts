import { SESSION, type Names } from "./names.js";

/** Messages that are still being written: what has come since the row was, part by part. */
export function partsSql({ messages, parts }: Names) {
  return {
    partial: `SELECT position FROM ${messages} WHERE id = ?3 AND ${SESSION} AND status = 'partial'`,
    finish: `
      UPDATE ${messages} SET content = ?4, status = NULL WHERE id = ?3 AND ${SESSION} AND status = 'partial'
      RETURNING position`,
    isFinished: `SELECT 1 FROM ${messages} WHERE id = ?3 AND ${SESSION} AND status IS NULL AND content = ?4`,
    addPart: `
      INSERT INTO ${parts}(message_id, number, keep, text, tail)
      VALUES (?1, (SELECT coalesce(max(number) + 1, 0) FROM ${parts} WHERE message_id = ?1), ?2, ?3, ?4)`,
    parts: `SELECT keep, text, tail FROM ${parts} WHERE message_id = ?1 ORDER BY number`,
    /** Of a message in whatever state: what was last written of it while it was partial, in a part or, folded, in the row. */
    partialState: `
      SELECT m.status, p.number, p.keep, p.tail, coalesce(p.text, m.content)
      FROM ${messages} AS m LEFT JOIN ${parts} AS p ON p.message_id = m.id
      WHERE m.id = ?1 ORDER BY p.number DESC LIMIT 1`,
    deleteParts: `DELETE FROM ${parts} WHERE message_id = ?1`,
    withParts: `
      SELECT id, session_id, project, role, content FROM ${messages}
      WHERE id IN (SELECT message_id FROM ${parts})`,
    setContent: `UPDATE ${messages} SET content = ?2 WHERE id = ?1`,
  };
}
