import type { ContentBlock } from "../../src/messages.js";
import type { SessionKey } from "../../src/operations.js";
import { NO_PREVIEW, previewOf } from "../../src/preview.js";
import { timestamp } from "../../src/timestamp.js";
import { unseal } from "../envelopes/envelope.js";
import { parseJson } from "../envelopes/stored-json.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";

/**
 * Computes anew what a list shows of a session; the time of an edit, which no message tells, stays. One without any messages
 * is not listed.
 */
export function refreshSummary(db: Database, session: SessionKey): void {
  const { sessionId, project, dbName } = session;
  const sql = tables(dbName);
  const [count, createdAt, updatedAt] = db.row(sql.summary, sessionId, project)!;
  if (Number(count) === 0) db.run(sql.deleteSummary, sessionId, project);
  else
    db.run(
      sql.setSummary,
      sessionId,
      project,
      Number(count),
      computePreview(db, session),
      String(createdAt),
      String(updatedAt),
    );
}

/**
 * Brings what a list shows up to date after an edit that left `count` messages and everything before `position` in the
 * table. Reads the whole session only where its oldest message has gone, or is from the future.
 */
export function editSummary(db: Database, session: SessionKey, count: number, position: number): void {
  const { sessionId, project, dbName } = session;
  const sql = tables(dbName);
  const known = db.row(sql.summaryOf, sessionId, project);
  if (count === 0 || !known) {
    refreshSummary(db, session);
    return;
  }
  const [oldest, preview] = known;
  // The clock may have been set back since: then what is new is older.
  const isOldestLeft = db.value(sql.firstTime, sessionId, project) === oldest && String(oldest) <= timestamp();
  const createdAt = isOldestLeft ? oldest : db.row(sql.summary, sessionId, project)![1];
  const isPreviewLeft = db.value(sql.hasUserBefore, sessionId, project, position) !== undefined;
  const shown = isPreviewLeft ? preview : computePreview(db, session);
  db.run(sql.editSummary, sessionId, project, count, String(createdAt), shown);
}

/** What the first user message gives, or null where there is none yet. */
export function computePreview(db: Database, { sessionId, project, dbName }: SessionKey): string | null {
  const content = db.value(tables(dbName).firstUser, sessionId, project);
  return content === undefined ? null : previewOfStored(content);
}

/** Lenient: a row that cannot be read must not hide its session from the list. */
export function previewOfStored(content: unknown): string {
  try {
    return previewOf(parseJson(unseal(content)) as ContentBlock[]);
  } catch {
    return NO_PREVIEW;
  }
}
