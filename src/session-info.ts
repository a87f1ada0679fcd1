import type { DeletedSession, SessionInfo } from "./messages.js";
import type { DeletedEntry, SessionEntry } from "./operations.js";
import { NO_PREVIEW } from "./preview.js";

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
  return {
    sessionId,
    project,
    messageCount,
    preview: preview ?? NO_PREVIEW,
    createdAt,
    updatedAt,
    inputTokens,
    outputTokens,
    ...(title !== null && { title }),
    ...(parentSessionId !== null && { parentSessionId }),
    ...(forkedAt !== null && { forkedAt }),
  };
}

export function deletedSession(
  dbName: string,
  [deletionId, deletedAt, project, session]: DeletedEntry,
): DeletedSession {
  return { ...sessionInfo(project, session), dbName, deletionId, deletedAt };
}
