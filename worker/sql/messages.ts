import { SESSION, BY_SESSION, type Names } from "./names.js";

/**
 * Messages. The position in the table is dense per session id over all projects, since its UNIQUE constraint knows no
 * project. What is run for each message has no RETURNING and no subquery: SQLite would open a table for the one, and
 * both together take as long as all the rest.
 */
export function messagesSql({ messages, uidIndex }: Names) {
  // What was read before, by who asks, is left where it is.
  const content = "iif(id BETWEEN ?5 AND ?6 AND status IS NULL, NULL, content)";
  const row = `id, uid, position, created_at, role, ${content}, metadata, status`;
  return {
    insert: `
      INSERT INTO ${messages}(session_id, project, position, role, content, uid, metadata, created_at, status)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`,
    byUid: `SELECT id, position, created_at FROM ${messages} INDEXED BY ${uidIndex} WHERE uid = ?3 AND ${SESSION}`,
    lastPosition: `SELECT max(position) FROM ${messages} WHERE session_id = ?1`,
    all: `SELECT ${row} FROM ${messages} WHERE ${SESSION} ORDER BY position`,
    allBrief: `
      SELECT id, NULL, NULL, NULL, role, ${content}, NULL, status FROM ${messages} WHERE ${SESSION} ORDER BY position`,
    slice: `SELECT ${row} FROM ${messages} WHERE ${SESSION} ORDER BY position LIMIT ?3 OFFSET ?4`,
    sliceFromEnd: `SELECT ${row} FROM ${messages} WHERE ${SESSION} ORDER BY position DESC LIMIT ?3 OFFSET ?4`,
    countFrom: `SELECT count(*) FROM ${messages} WHERE ${SESSION} AND position >= ?3`,
    between: `SELECT ${row} FROM ${messages} WHERE ${SESSION} AND position >= ?3 AND position < ?4 ORDER BY position`,
    contentOf: `SELECT content FROM ${messages} WHERE id = ?1`,
    firstUser: `SELECT content FROM ${messages} WHERE ${SESSION} AND role = 'user' ORDER BY position LIMIT 1`,
    hasUserBefore: `SELECT 1 FROM ${messages} WHERE ${SESSION} AND role = 'user' AND position < ?3 LIMIT 1`,
    firstTime: `SELECT created_at FROM ${messages} WHERE ${SESSION} ORDER BY position LIMIT 1`,
    summary: `SELECT count(*), min(created_at), max(created_at) FROM ${messages} WHERE ${BY_SESSION}`,
    deleteSession: `DELETE FROM ${messages} WHERE ${BY_SESSION}`,
  };
}
