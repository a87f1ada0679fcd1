import type { DeletedSession, SessionInfo } from "./messages.js";
import type { DeletedEntry, SessionEntry } from "./operations.js";
import { NO_PREVIEW } from "./preview.js";

/**
 * What a list says of a session. What it does not have is left out. By places: a list is long, and while the engine runs
 * this for the first time, to take an array apart takes several times as long.
 */
export function sessionInfo(project: string, entry: SessionEntry): SessionInfo {
  const info: { -readonly [Name in keyof SessionInfo]: SessionInfo[Name] } = {
    sessionId: entry[0],
    project,
    messageCount: entry[1],
    preview: entry[2] ?? NO_PREVIEW,
    createdAt: entry[3],
    updatedAt: entry[4],
    inputTokens: entry[5],
    outputTokens: entry[6],
  };
  if (entry[7] !== null) info.title = entry[7];
  if (entry[8] !== null) info.parentSessionId = entry[8];
  if (entry[9] !== null) info.forkedAt = entry[9];
  return info;
}

export function deletedSession(
  dbName: string,
  [deletionId, deletedAt, project, session]: DeletedEntry,
): DeletedSession {
  return { ...sessionInfo(project, session), dbName, deletionId, deletedAt };
}
