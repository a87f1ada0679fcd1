import { SESSION, type Names } from "./names.js";

/** Token counts. */
export function tokensSql({ tokens }: Names) {
  return {
    tokens: `SELECT input_tokens, output_tokens FROM ${tokens} WHERE ${SESSION}`,
    setTokens: `
      INSERT INTO ${tokens}(session_id, project, input_tokens, output_tokens) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT(session_id, project) DO UPDATE
      SET input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens`,
    addTokens: `
      INSERT INTO ${tokens}(session_id, project, input_tokens, output_tokens) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT(session_id, project) DO UPDATE
      SET input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens
      RETURNING max(input_tokens, output_tokens)`,
    copyTokens: `
      INSERT INTO ${tokens}(session_id, project, input_tokens, output_tokens)
      SELECT ?3, project, input_tokens, output_tokens FROM ${tokens} WHERE ${SESSION}`,
    deleteTokens: `DELETE FROM ${tokens} WHERE ${SESSION}`,
  };
}
