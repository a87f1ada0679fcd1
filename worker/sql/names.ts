/** How the tables of a prefix are called in SQL. */
export interface Names {
  readonly dbName: string;
  readonly messages: string;
  readonly tokens: string;
  readonly sessions: string;
  readonly parts: string;
  readonly deleted: string;
  readonly deletedRows: string;
  readonly uidIndex: string;
}

/** `dbName` has been checked: nothing but letters, digits and "_" is in it. */
export function namesOf(dbName: string): Names {
  return {
    dbName,
    messages: `"${dbName}_messages"`,
    tokens: `"${dbName}_tokens"`,
    sessions: `"${dbName}_sessions"`,
    parts: `"${dbName}_parts"`,
    deleted: `"${dbName}_deleted"`,
    deletedRows: `"${dbName}_deleted_rows"`,
    uidIndex: `"idx_${dbName}_messages_uid"`,
  };
}

/** A session of a project: the first two values of a statement. */
export const SESSION = "session_id = ?1 AND project = ?2";

/** The same. Without the plus SQLite may prefer Python's index over the project, and read all of its messages. */
export const BY_SESSION = "session_id = ?1 AND +project = ?2";

/** What a message keeps while its session is deleted. */
export const KEPT = "id, role, content, created_at, uid, metadata, status";

/** What a session's entry in a list keeps. */
export const DESCRIBED = "message_count, preview, title, created_at, updated_at, parent_session_id, forked_at";
