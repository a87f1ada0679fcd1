/** A value that JSON holds without loss. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** An object that JSON holds without loss. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Who wrote a message. */
export type Role = "user" | "assistant" | "system";

/** A run of text. */
export interface TextBlock {
  readonly type: "text";
  readonly text: string;
}

/** A picture; `data` is the encoded file's bytes (in the database they stand as base64). */
export interface ImageBlock {
  readonly type: "image";
  readonly media_type: "image/jpeg" | "image/png" | "image/gif" | "image/webp";
  readonly data: Uint8Array;
}

/** A call of a tool by the model. */
export interface ToolUseBlock {
  readonly type: "tool_use";
  readonly id: string;
  readonly name: string;
  readonly input: JsonObject;
}

/** What a tool answered to the call with the same id. */
export interface ToolResultBlock {
  readonly type: "tool_result";
  readonly tool_use_id: string;
  readonly content: string | readonly (TextBlock | ImageBlock)[];
  readonly is_error: boolean;
}

/** One piece of a message. The field names are those of the stored JSON, and of the model providers' own SDKs. */
export type ContentBlock = TextBlock | ImageBlock | ToolUseBlock | ToolResultBlock;

/** One message of a chat. */
export interface Message {
  readonly role: Role;
  readonly content: readonly ContentBlock[];
}

/** Where an appended message lies. */
export interface MessageRef {
  /** The row's id in the database; never used again for another row. */
  readonly id: number;
  /** The message's identity everywhere: in other tabs, other libraries, merged files. */
  readonly uid: string;
  /** 0-based, dense within the session in its project. */
  readonly position: number;
  /** `"YYYY-MM-DD HH:MM:SS"`, UTC. */
  readonly createdAt: string;
}

/** A message as it lies in the database. */
export interface StoredMessage extends Message {
  /** The row's id in the database; never used again for another row. */
  readonly id: number;
  /** The message's identity everywhere. Rows that the Python package wrote have none. */
  readonly uid?: string;
  /** 0-based, dense within the session in its project. */
  readonly position: number;
  /** `"YYYY-MM-DD HH:MM:SS"`, UTC. */
  readonly createdAt: string;
  /** `"partial"`: a streamed message that has not finished, or whose tab died. */
  readonly status: "complete" | "partial";
  /** The caller's own, never shown to the model. */
  readonly metadata?: JsonObject;
}

/** How many tokens a session has cost so far. */
export interface ContextTokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A session as a list shows it. */
export interface SessionInfo {
  readonly sessionId: string;
  readonly project: string;
  readonly messageCount: number;
  /**
   * The first 80 code points of the first user message's first text, with `"..."` behind if there is more;
   * `"(no preview)"` where there is none.
   */
  readonly preview: string;
  /** What {@link SQLiteContextStore.setTitle} set; absent until then. */
  readonly title?: string;
  /** When the first message was written: `"YYYY-MM-DD HH:MM:SS"`, UTC. */
  readonly createdAt: string;
  /** When its messages last changed: `"YYYY-MM-DD HH:MM:SS"`, UTC. */
  readonly updatedAt: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The session that this one was forked from. */
  readonly parentSessionId?: string;
  /** How many messages were taken from the parent. */
  readonly forkedAt?: number;
}

/** A session that was deleted and can be restored: what a list showed of it, and which deletion it was. */
export interface DeletedSession extends SessionInfo {
  /** The table prefix that it lies behind. */
  readonly dbName: string;
  /** Identifies the deletion: a session that was made again and deleted again is there twice. */
  readonly deletionId: string;
  /** `"YYYY-MM-DD HH:MM:SS"`, UTC. */
  readonly deletedAt: string;
}

/** A message that a search has found. */
export interface SearchHit {
  readonly sessionId: string;
  readonly project: string;
  /** {@link StoredMessage.id} */
  readonly messageId: number;
  /** {@link StoredMessage.position} */
  readonly position: number;
  readonly role: Role;
  /**
   * The text around the first hit, about 160 characters of it, with `…` where it is cut. Each hit stands between `⟦` and
   * `⟧`, which the text itself is kept free of: of `snippet.split(/[⟦⟧]/)`, every second part is a hit.
   */
  readonly snippet: string;
  /** `"YYYY-MM-DD HH:MM:SS"`, UTC. */
  readonly createdAt: string;
}
