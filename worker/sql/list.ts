import { NO_PREVIEW } from "../../src/preview.js";

/**
 * A list as one JSON text, which costs less than a row for each: `rows` has a column "item". The order is that of the
 * rows: they come from a subquery that has a LIMIT, whose ORDER BY SQLite never leaves out.
 */
export function listOf(rows: string): string {
  return `SELECT '[' || coalesce(group_concat(item), '') || ']' FROM (${rows})`;
}

/**
 * A session's entry, "s", as JSON text without its closing brace. `counts`: where its tokens are. What Python may have
 * stored of a number, it cuts off on reading.
 */
export function entryJson(counts: "s" | "t"): string {
  return `
    rtrim(json_object('sessionId', s.session_id, 'project', s.project, 'messageCount', s.message_count,
      'preview', coalesce(s.preview, '${NO_PREVIEW}'), 'createdAt', s.created_at, 'updatedAt', s.updated_at,
      'inputTokens', CAST(coalesce(${counts}.input_tokens, 0) AS INTEGER),
      'outputTokens', CAST(coalesce(${counts}.output_tokens, 0) AS INTEGER)), '}')
    || iif(s.title IS NULL, '', ',"title":' || json_quote(CAST(s.title AS TEXT)))
    || iif(s.parent_session_id IS NULL, '', ',"parentSessionId":' || json_quote(CAST(s.parent_session_id AS TEXT)))
    || iif(s.forked_at IS NULL, '', ',"forkedAt":' || s.forked_at)`;
}
