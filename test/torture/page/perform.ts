import { connect, type Connection, type Message, SQLiteContextStore } from "../../../src/index.js";
import { type Operation, keysOf, roleOf, type Row, textOf } from "../operations.js";

/** What a call resolved to, as far as it is recorded. */
export interface Result {
  readonly row?: number;
  readonly rows?: readonly Row[];
}

/** Makes the call. */
export async function perform(connection: Connection, operation: Operation): Promise<Result> {
  const store = new SQLiteContextStore(connection, operation.session);
  if (operation.kind === "read") return { rows: await readRows(store) };
  if (operation.kind === "append") {
    const { id } = await store.append(messageOf(operation.id), { uid: operation.id });
    return { row: id };
  }
  if (operation.kind === "appendAll") await store.appendAll(keysOf(operation).map(messageOf));
  else if (operation.kind === "clear") await store.clear();
  else if (operation.kind === "fork") await store.fork({ sessionId: operation.target, upTo: operation.upTo });
  else if (operation.kind === "import") await connection.import(await fileOf(operation));
  else if (operation.kind === "addTokens") await store.addContextTokens(operation.input, operation.output);
  else if (operation.kind === "setTokens") await store.setContextTokens(operation.input, operation.output);
  return {};
}

export async function readRows(store: SQLiteContextStore): Promise<Row[]> {
  const messages = await store.getMessages();
  return messages.map(({ id, uid, position, role, content }) => {
    const [block] = content;
    const text = block?.type === "text" ? block.text : "";
    const key = text.split(" ", 1)[0]!;
    const isAppended = !key.includes(".");
    const isIntact =
      content.length === 1 && text === textOf(key) && role === roleOf(key) && (!isAppended || uid === key);
    return { key, id, position, isIntact };
  });
}

function messageOf(key: string): Message {
  return { role: roleOf(key), content: [{ type: "text", text: textOf(key) }] };
}

/** A database file with the rows of the import in it. */
async function fileOf(operation: Operation): Promise<Blob> {
  await using memory = await connect(`file-${operation.id}`, { storage: "memory" });
  await new SQLiteContextStore(memory, operation.session).appendAll(keysOf(operation).map(messageOf));
  return await memory.export();
}
