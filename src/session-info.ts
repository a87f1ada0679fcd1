import type { DeletedSession, SessionInfo } from "./messages.js";
import type { DeletedEntry, SessionEntry } from "./operations.js";
import { NO_PREVIEW } from "./preview.js";

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** What a list says of a session. What it does not have is left out. */
export function sessionInfo(
  project: string,
  [
    sessionId,
    messageCount,
    preview,
    createdAt,
    updatedAt,
    inputTokens,
    outputTokens,
    title,
    parentSessionId,
    forkedAt,
  ]: SessionEntry,
): SessionInfo {
  const info: Mutable<SessionInfo> = {
    sessionId,
    project,
    messageCount,
    preview: preview ?? NO_PREVIEW,
    createdAt,
    updatedAt,
    inputTokens,
    outputTokens,
  };
  if (title !== null) info.title = title;
  if (parentSessionId !== null) info.parentSessionId = parentSessionId;
  if (forkedAt !== null) info.forkedAt = forkedAt;
  return info;
}

export function deletedSession(
  dbName: string,
  [deletionId, deletedAt, project, session]: DeletedEntry,
): DeletedSession {
  return { ...sessionInfo(project, session), dbName, deletionId, deletedAt };
}
