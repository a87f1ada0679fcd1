import { readStoredContent } from "./content.js";
import type { DatabaseConnection } from "./database-connection.js";
import { ContextStoreError } from "./errors.js";
import type { ContentBlock, JsonObject, Message, StoredMessage } from "./messages.js";
import type { MessageRange, MessageBatch, SessionKey, Unreadable, WireContent, WireRow } from "./operations.js";

/** Makes of a row what the caller asked for. Throws `corrupt` for one that cannot be read. */
type Convert<Value> = (row: WireRow, session: SessionKey) => Value;

/** As many batches are asked for while one is read: neither page nor worker shall wait for the way between them. */
const AHEAD = 2;

/** Reads a range of a session, in batches that the main thread takes one at a time. */
export async function collectRows<Value>(
  connection: DatabaseConnection,
  session: SessionKey,
  range: MessageRange,
  convert: Convert<Value>,
  brief = false,
): Promise<Value[]> {
  const values: Value[] = [];
  const asked: Promise<MessageBatch | null>[] = [];
  for (;;) {
    const batch = await (asked.shift() ?? connection.call("messages", { session, range, brief }));
    if (!batch) {
      // The worker was started again in the middle, and has lost its place.
      values.length = 0;
      asked.length = 0;
      continue;
    }
    const { rows, rest: token } = batch;
    // Before the rows are read: the worker unseals the next ones meanwhile.
    if (token) while (asked.length < AHEAD) asked.push(handled(connection.call("rest", { token })));
    for (const row of rows) values.push(convert(row, session));
    if (!token) return values;
  }
}

/** The same, whose rejection is no fault where nobody waits for it any more. */
function handled<Value>(work: Promise<Value>): Promise<Value> {
  work.catch(() => {});
  return work;
}

/** What the model sees of a row. */
export function toMessage([position, role, content]: WireRow, session: SessionKey): Message {
  return { role: role as Message["role"], content: attempt(position, session, () => readContent(content)) };
}

/** All that the database knows of a message. */
export function toStoredMessage(row: WireRow, session: SessionKey): StoredMessage {
  const [position, , , id, uid, createdAt, metadata, status] = row;
  return {
    id,
    ...(uid !== null && { uid }),
    position,
    createdAt,
    ...toMessage(row, session),
    status: status ?? "complete",
    ...(metadata !== null && { metadata: attempt(position, session, () => JSON.parse(metadata) as JsonObject) }),
  };
}

function readContent(content: WireContent | Unreadable): readonly ContentBlock[] {
  if (typeof content === "string") return readStoredContent(JSON.parse(content));
  if ("unreadable" in content) throw new Error(content.unreadable);
  return content;
}

function attempt<Value>(position: number, { sessionId, project }: SessionKey, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const where = `Message ${position} of session ${JSON.stringify(sessionId)} in project ${JSON.stringify(project)}`;
    const how = `The others are sound; read them with getMessages({ before: ${position} }) and getMessages({ after: ${position} })`;
    throw new ContextStoreError("corrupt", `${where} cannot be read: ${what}. ${how}.`, { cause: error });
  }
}
