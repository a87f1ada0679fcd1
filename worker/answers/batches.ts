import type { MessageBatch } from "../../src/message-batch.js";
import type { SessionKey } from "../../src/operations.js";
import type { ReadMessage } from "./decoded.js";
import type { Rows } from "./row-stream.js";
import { isText, type ReadRow, readRow, sizeOf, textsOf, toText, toValue } from "./stored-message.js";

/**
 * What one answer to the page holds, unless one message alone is longer. Of messages of usual length the texts are then
 * longer than 128 KB: such a string the engine's garbage collections do not move, which otherwise are most of what a page
 * waits for at once. With much more, it is the answers themselves.
 */
const BATCH_CHARACTERS = 224 * 1024;

/** What is counted of a message besides content and metadata: short ones take their time, too. */
const HEAD_CHARACTERS = 100;

/** Messages, as the page gets them in one piece. */
export interface Batch extends Pick<MessageBatch, "messages" | "texts"> {
  readonly isLast: boolean;
  /** The database's, once all rows have come. */
  readonly version?: string | undefined;
}

/** Of which messages a row is, and whether only role and content of it are asked for. */
interface Asked {
  readonly session: SessionKey;
  readonly brief?: boolean | undefined;
}

/**
 * Reads rows, a batch at a time. Gives at least one. `note` hears of what has been read. Throws `corrupt` for a row that
 * cannot be read.
 */
export async function* batchesOf(
  parts: AsyncIterable<Rows>,
  { session, brief }: Asked,
  note: (message: ReadMessage) => void,
): AsyncGenerator<Batch, void> {
  let batch: ReadRow[] = [];
  let characters = 0;
  for await (const rows of parts) {
    for (const row of rows) {
      const message = readRow(row, session, brief);
      const content = isText(message.content) ? message.content : undefined;
      note({ id: row.id, status: row.status, content });
      batch.push(message);
      const size = content ? sizeOf(content) : String(row.content).length;
      characters += HEAD_CHARACTERS + size + (row.metadata?.length ?? 0);
      if (characters < BATCH_CHARACTERS) continue;
      yield { ...inOne(batch), isLast: false };
      batch = [];
      characters = 0;
    }
  }
  yield { ...inOne(batch), isLast: true };
}

function inOne(batch: readonly ReadRow[]): Omit<Batch, "isLast"> {
  const items = batch.map(toText);
  if (items.includes(undefined)) return { messages: batch.map(toValue), texts: "" };
  return { messages: `[${items.join(",")}]`, texts: batch.map(textsOf).join("") };
}
