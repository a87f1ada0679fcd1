import type { DatabaseConnection } from "./database-connection.js";
import type { Message } from "./messages.js";
import { type MessageBatch, type MessageRange, readList, type SessionKey } from "./operations.js";

/** As many batches are asked for while one is read: neither page nor worker shall wait for the way between them. */
const AHEAD = 2;

/** Reads a range of a session, in batches that the main thread takes one at a time. `brief`: roles and contents alone. */
export async function readMessages<Item extends Message>(
  connection: DatabaseConnection,
  session: SessionKey,
  range: MessageRange,
  brief = false,
): Promise<Item[]> {
  const messages: Item[] = [];
  const asked: Promise<MessageBatch | null>[] = [];
  for (;;) {
    const batch = await (asked.shift() ?? connection.call("messages", { session, range, brief }));
    if (!batch) {
      // The worker, or the owner, is another one since, and has lost its place.
      messages.length = 0;
      asked.length = 0;
      continue;
    }
    const { rest: token } = batch;
    // Before the messages are read: the worker unseals the next ones meanwhile.
    if (token) while (asked.length < AHEAD) asked.push(handled(connection.call("rest", { token })));
    for (const message of readList(batch.messages)) messages.push(message as Item);
    if (!token) return messages;
  }
}

/** The same, whose rejection is no fault where nobody waits for it any more. */
function handled<Value>(work: Promise<Value>): Promise<Value> {
  work.catch(() => {});
  return work;
}
