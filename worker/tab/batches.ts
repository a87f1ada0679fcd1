import type { MessageBatch, SessionKey } from "../../src/operations.js";
import type { ReadMessage } from "./decoded.js";
import { isText, type ReadRow, readRow, type Row, toText, toValue } from "./stored-message.js";

/**
 * The most text that one answer to the page holds, unless one message alone is longer. With more, a page that reads 20,000
 * messages waits longer at once, most of it for the engine's garbage collection; with less, all histories are slower.
 */
const BATCH_CHARACTERS = 96 * 1024;
const BATCH_ROWS = 500;

/** Messages, as the page gets them in one piece. */
export interface Batch {
  readonly messages: MessageBatch["messages"];
  readonly isLast: boolean;
}

/** Of which messages a row is, and whether only role and content of it are asked for. */
interface Asked {
  readonly session: SessionKey;
  readonly brief?: boolean | undefined;
}

/**
 * Reads rows, a batch at a time. Gives at least one. What has been read is added to `read`. Throws `corrupt` for a row that
 * cannot be read.
 */
export async function* batchesOf(
  parts: AsyncIterable<readonly Row[]>,
  { session, brief }: Asked,
  read: ReadMessage[],
): AsyncGenerator<Batch, void> {
  let batch: ReadRow[] = [];
  let characters = 0;
  for await (const rows of parts) {
    for (const row of rows) {
      const message = readRow(row, session, brief);
      const { json } = message.content;
      read.push({ id: row.id, status: row.status, json });
      batch.push(message);
      characters += (json ?? String(row.content)).length + (row.metadata?.length ?? 0);
      if (characters < BATCH_CHARACTERS && batch.length < BATCH_ROWS) continue;
      yield { messages: inOne(batch), isLast: false };
      batch = [];
      characters = 0;
    }
  }
  yield { messages: inOne(batch), isLast: true };
}

function inOne(batch: readonly ReadRow[]): Batch["messages"] {
  return batch.every(isText) ? `[${batch.map(toText).join(",")}]` : batch.map(toValue);
}
