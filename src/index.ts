export type { ChangeFilter, ChangeKind, ContextChange } from "./changes.js";
export { compactHistory, type CompactOptions } from "./compact-history.js";
export { connect, type ConnectOptions } from "./connect.js";
export { deleteDatabase, listDatabases, rescueDatabase } from "./databases.js";
export type { Connection, DbNameOptions, ImportOptions, PurgeOptions } from "./connection.js";
export { ContextStore, MemoryContextStore } from "./context-store.js";
export { ContextStoreError, type ErrorCode, isContextStoreError, type WriteOutcome } from "./errors.js";
export type {
  ContentBlock,
  ContextTokens,
  DeletedSession,
  ImageBlock,
  JsonObject,
  JsonValue,
  Message,
  MessageRef,
  Role,
  SearchHit,
  SessionInfo,
  StoredMessage,
  TextBlock,
  ToolResultBlock,
  ToolUseBlock,
} from "./messages.js";
export type { MessageRange } from "./operations.js";
export type {
  DatabaseStatus,
  ImportProgress,
  ImportSummary,
  IntegrityProblem,
  IntegrityReport,
  ProjectInfo,
  SearchStatus,
} from "./reports.js";
export type { SearchOptions } from "./search-options.js";
export type { MessageWriter } from "./message-writer.js";
export type { AppendOptions } from "./new-message.js";
export { type ListOptions, SQLiteContextStore, type StoreOptions } from "./sqlite-context-store.js";
