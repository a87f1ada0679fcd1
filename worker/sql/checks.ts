import { SESSION, type Names } from "./names.js";

/** What a check of the database looks at. */
export function checksSql({ messages, sessions, tokens }: Names) {
  return {
    sessionKeys: `SELECT session_id, project FROM ${messages} GROUP BY session_id, project ORDER BY min(id)`,
    summaryKeys: `SELECT session_id, project FROM ${sessions}`,
    shown: `SELECT message_count, created_at, updated_at, preview FROM ${sessions} WHERE ${SESSION}`,
    contents: `SELECT position, content, metadata FROM ${messages} WHERE ${SESSION} AND position > ?3 ORDER BY position LIMIT 64`,
    positionGaps: `
      SELECT session_id, count(*), min(position), max(position) FROM ${messages} GROUP BY session_id
      HAVING min(position) <> 0 OR max(position) <> count(*) - 1 OR total(typeof(position) <> 'integer') > 0`,
    // What is damaged may be any value: a number to which nothing can be added, or where renumbering puts rows aside. A
    // text of ours comes after all numbers, and keeps the order.
    lift: `
      UPDATE ${messages} SET position = printf('place %012d', dense.number)
      FROM (
        SELECT id, row_number() OVER (ORDER BY position) AS number FROM ${messages} WHERE session_id = ?1
      ) AS dense
      WHERE ${messages}.id = dense.id`,
    // By the tables alone: their indexes do not know of all rows. Both messages stay; of token counts, those that are read.
    partShared: `
      UPDATE ${messages} SET position = printf('place %012d', dense.number)
      FROM (
        SELECT id, row_number() OVER (PARTITION BY session_id ORDER BY position, id) AS number
        FROM ${messages} NOT INDEXED WHERE session_id IN (
          SELECT session_id FROM ${messages} NOT INDEXED GROUP BY session_id, position HAVING count(*) > 1)
      ) AS dense
      WHERE ${messages}.id = dense.id`,
    dropShared: `
      DELETE FROM ${tokens} NOT INDEXED WHERE rowid NOT IN (
        SELECT max(rowid) FROM ${tokens} NOT INDEXED GROUP BY session_id, project)`,
  };
}
