import type { MessageBatch, SessionKey } from "../../src/operations.js";
import type { ReadMessage } from "./decoded.js";
import { isText, readRow, type Row, toText, toValue } from "./stored-message.js";

/** The most text that one answer to the page holds, unless one message alone is longer: a few milliseconds of parsing. */
const BATCH_CHARACTERS = 128 * 1024;
const BATCH_ROWS = 500;

/** Messages, as the page gets them in one piece. */
export interface Batch {
  readonly messages: MessageBatch["messages"];
  readonly isLast: boolean;
}

/** Of which messages a row is, and whether only role and content of it are asked for. */
export interface Asked {
  readonly session: SessionKey;
  readonly brief?: boolean | undefined;
}

/**
 * Reads rows, a batch at a time. Gives at least one. What has been read is added to `read`. Throws `corrupt` for a row that
 * cannot be read.
 */
export function* batchesOf(rows: readonly Row[], asked: Asked, read: ReadMessage[]): Generator<Batch, void> {
  do {
    yield { messages: next(rows, asked, read), isLast: read.length === rows.length };
  } while (read.length < rows.length);
}

function next(rows: readonly Row[], { session, brief }: Asked, read: ReadMessage[]): Batch["messages"] {
  const batch = [];
  for (let characters = 0; characters < BATCH_CHARACTERS && batch.length < BATCH_ROWS;) {
    const row = rows[read.length];
    if (!row) break;
    const message = readRow(row, session, brief);
    const { json } = message.content;
    read.push({ id: row.id, status: row.status, json });
    batch.push(message);
    characters += (json ?? String(row.content)).length + (row.metadata?.length ?? 0);
  }
  return batch.every(isText) ? `[${batch.map(toText).join(",")}]` : batch.map(toValue);
}
