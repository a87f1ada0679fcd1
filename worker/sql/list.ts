/**
 * A list as one JSON text, which costs less than a row for each: `rows` has a column "item". The order is that of the
 * rows: they come from a subquery that has a LIMIT, whose ORDER BY SQLite never leaves out.
 */
export function listOf(rows: string): string {
  return `SELECT '[' || coalesce(group_concat(item), '') || ']' FROM (${rows})`;
}

/**
 * The columns of a `SessionEntry`: of a session, "s". `counts`: where its tokens are. What Python may have stored of a
 * number, it cuts off on reading.
 */
export function entryOf(counts: "s" | "t"): string {
  return `s.session_id, s.message_count, s.preview, s.created_at, s.updated_at,
    CAST(coalesce(${counts}.input_tokens, 0) AS INTEGER), CAST(coalesce(${counts}.output_tokens, 0) AS INTEGER),
    CAST(s.title AS TEXT), CAST(s.parent_session_id AS TEXT), s.forked_at`;
}
