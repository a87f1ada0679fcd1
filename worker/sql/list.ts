import { BETWEEN } from "../../src/operations.js";

/**
 * A `ListText`, which costs less than a row for each item: `rows` has a column "item". The order is that of the rows: they
 * come from a subquery that has a LIMIT, whose ORDER BY SQLite never leaves out.
 */
export function listOf(rows: string): string {
  return `SELECT '[' || coalesce(group_concat(item, '${BETWEEN}'), '') || ']' FROM (${rows})`;
}

/**
 * The columns of a `SessionEntry`: of a session, "s". `counts`: where its tokens are. What Python may have stored of a
 * number, it cuts off on reading. JSON holds no BLOB: where a text has become one, by a bit, it must not take the list along.
 */
export function entryOf(counts: "s" | "t"): string {
  const text = (column: string) => `CAST(s.${column} AS TEXT)`;
  return `s.session_id, s.message_count, ${text("preview")}, ${text("created_at")}, ${text("updated_at")},
    coalesce(trunc(${counts}.input_tokens), 0), coalesce(trunc(${counts}.output_tokens), 0),
    ${text("title")}, ${text("parent_session_id")}, s.forked_at`;
}
