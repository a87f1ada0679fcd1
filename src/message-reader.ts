import type { DatabaseConnection } from "./database-connection.js";
import { type MessageBatch, readBatch } from "./message-batch.js";
import type { Message } from "./messages.js";
import type { MessageRange, SessionKey } from "./operations.js";
import type { Success } from "./protocol.js";
import { MAX_SIZE } from "./recent-answers.js";

/** As many batches are asked for while one is read: neither page nor owner shall wait for the way between them. */
const AHEAD = 3;

/** Reads a range of a session, in batches that the main thread takes one at a time. `brief`: roles and contents alone. */
export async function readMessages<Item extends Message>(
  connection: DatabaseConnection,
  session: SessionKey,
  range: MessageRange,
  brief = false,
): Promise<Item[]> {
  const question = JSON.stringify(["messages", session, range, brief]);
  const kept = connection.recent.get<Item[]>(question);
  const messages: Item[] = [];
  /** Until they are too much to be kept: then they would only hold memory while the rest is read. */
  const batches: MessageBatch[] = [];
  const asked: Promise<Success<MessageBatch | null>>[] = [];
  let number = 0;
  let size = question.length;
  for (;;) {
    const { value: batch, version } = await (asked.shift() ??
      connection.ask("messages", { session, range, brief, seen: kept?.version }));
    if (!batch && version !== undefined) return kept!.read();
    if (!batch) {
      // The worker, or the owner, is another one since, and has lost its place.
      messages.length = batches.length = asked.length = number = size = 0;
      continue;
    }
    const { rest: token } = batch;
    // Before the messages are read: the worker unseals the next ones meanwhile.
    if (token) while (asked.length < AHEAD) asked.push(handled(connection.ask("rest", { token, number: ++number })));
    for (const message of readBatch(batch)) messages.push(message as Item);
    size += sizeOf(batch);
    if (size <= MAX_SIZE) batches.push(batch);
    else batches.length = 0;
    if (token) continue;
    connection.recent.keep(question, { read: () => readKept(connection, batches), size, version });
    return messages;
  }
}

async function readKept<Item>(connection: DatabaseConnection, batches: readonly MessageBatch[]): Promise<Item[]> {
  const messages: Item[] = [];
  const pause = connection.pauses();
  for (const batch of batches) {
    await pause();
    for (const message of readBatch(batch)) messages.push(message as Item);
  }
  return messages;
}

/** What is not text cannot be read twice. */
function sizeOf({ messages, texts }: MessageBatch): number {
  return typeof messages === "string" ? messages.length + texts.length : Infinity;
}

/** The same, whose rejection is no fault where nobody waits for it any more. */
function handled<Value>(work: Promise<Value>): Promise<Value> {
  work.catch(() => {});
  return work;
}
