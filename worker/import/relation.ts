import { unseal } from "../envelopes/envelope.js";
import type { Row, SqlValue } from "../sqlite/database.js";

/**
 * How a message that is here, as `forMerge` reads it, compares with one of the file in its place. The stored bytes of equal
 * contents may differ: a gzip header carries the time.
 */
export function relationOf(
  [, , role, content, uid, status]: Row,
  [theirRole, theirContent, , theirUid, , theirStatus]: Row,
): "same" | "finished" | "different" {
  if (!isSameValue(role, theirRole)) return "different";
  if (typeof theirContent !== "string") return isSameValue(content, theirContent) ? "same" : "different";
  const isFinished = theirStatus !== "partial";
  // One message, at two times of its being written.
  const isOne = uid !== null && uid === theirUid;
  if (isOne && isFinished !== (status === null)) return isFinished ? "finished" : "same";
  const isSame = isOne && !isFinished ? goesOn : (ours: string, theirs: string) => ours === theirs;
  return content === theirContent || attempt(() => isSame(unseal(content), unseal(theirContent)))
    ? "same"
    : "different";
}

/** A row from elsewhere may hold a BLOB, which is kept, or a number, of which our table makes a text. */
function isSameValue(ours: SqlValue | undefined, theirs: SqlValue | undefined): boolean {
  if (ours instanceof Uint8Array && theirs instanceof Uint8Array)
    return ours.length === theirs.length && ours.every((byte, place) => byte === theirs[place]);
  return typeof theirs !== "object" && ours === String(theirs);
}

/** Whether a text that was written so far, `[{"type":"text","text":"so far"}]`, is the beginning of ours. */
function goesOn(ours: string, theirs: string): boolean {
  return ours.startsWith(theirs.slice(0, -'"}]'.length));
}

/** A content that cannot be read is no other one. */
function attempt(compare: () => boolean): boolean {
  try {
    return compare();
  } catch {
    return false;
  }
}
