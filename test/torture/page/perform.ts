import { connect, type Connection, type Message, type MessageWriter, SQLiteContextStore } from "../../../src/index.js";
import { keysOfStep, type KeptStep } from "../kept.js";
import { keysOf, type Operation, roleOf, type Row, textOf } from "../operations.js";

/** What a call resolved to, as far as it is recorded. */
export interface Result {
  readonly row?: number;
  readonly rows?: readonly Row[];
}

/** The streamed messages that are not finished, by the call that began them. */
const writers = new Map<string, MessageWriter>();

/** Makes the call. */
export async function perform(connection: Connection, operation: Operation): Promise<Result> {
  const { id, session } = operation;
  const store = new SQLiteContextStore(connection, session);
  switch (operation.kind) {
    case "read":
      return { rows: await readRows(store) };
    case "append":
      return { row: (await store.append(messageOf(id), { uid: id })).id };
    case "begin":
      return { row: await begin(store, id) };
    case "finish":
      await finish(operation.of);
      break;
    case "appendAll":
      await store.appendAll(keysOf(operation).map(messageOf));
      break;
    case "clear":
      await store.clear();
      break;
    case "delete":
      await store.deleteSession();
      break;
    case "replace":
      await store.replaceMessage(operation.row.position, messageOf(keysOf(operation)[0]!), {
        expectId: operation.row.id,
      });
      break;
    case "truncate":
      await store.truncate(operation.row.position + 1, { expectId: operation.row.id });
      break;
    case "title":
      await store.setTitle(id);
      break;
    case "fork":
      await store.fork({ sessionId: operation.target, upTo: operation.upTo });
      break;
    case "import":
      await connection.import(await fileOf(session, [], keysOf(operation)));
      break;
    case "addTokens":
      await store.addContextTokens(operation.input, operation.output);
      break;
    case "setTokens":
      await store.setContextTokens(operation.input, operation.output);
      break;
    case "keep":
      await keep(connection, store, id, operation.step);
  }
  return {};
}

async function keep(connection: Connection, store: SQLiteContextStore, id: string, step: KeptStep): Promise<void> {
  const added = keysOfStep(id, step);
  const messages = added.map(messageOf);
  switch (step.do) {
    case "append":
      await store.append(messages[0]!, { uid: id });
      return;
    case "truncate":
      return store.truncate(step.length);
    case "replace":
      return store.replaceMessage(step.position, messages[0]!);
    case "splice":
      return store.splice(step.start, step.deleteCount, messages);
    case "delete":
      return store.deleteSession();
    case "restore": {
      const deleted = await connection.listDeletedSessions();
      return connection.restoreSession(deleted.find(({ sessionId }) => sessionId === store.sessionId)!);
    }
    case "title":
      return store.setTitle(id);
    case "extend":
      await connection.import(await fileOf(store.sessionId, await store.getMessages(), added));
  }
}

async function begin(store: SQLiteContextStore, key: string): Promise<number> {
  const writer = await store.beginMessage(roleOf(key), { uid: key });
  writers.set(key, writer);
  writer.update(contentOf(textOf(key).slice(0, key.length + 4)));
  return writer.id;
}

async function finish(key: string): Promise<void> {
  await writers.get(key)!.finish(contentOf(textOf(key)));
}

export async function readRows(store: SQLiteContextStore): Promise<Row[]> {
  const messages = await store.getMessages();
  return messages.map(({ id, uid, position, role, content, status }) => {
    const [block] = content;
    const text = block?.type === "text" ? block.text : "";
    const isPartial = status === "partial";
    const key = isPartial ? (uid ?? "") : text.split(" ", 1)[0]!;
    const isWhole = isPartial ? textOf(key).startsWith(text) : text === textOf(key);
    // Of the others the package has made the uid.
    const hasUid = key.includes(".") || uid === key;
    return { key, id, position, isPartial, isIntact: content.length <= 1 && isWhole && role === roleOf(key) && hasUid };
  });
}

function messageOf(key: string): Message {
  return { role: roleOf(key), content: contentOf(textOf(key)) };
}

function contentOf(text: string): [{ readonly type: "text"; readonly text: string }] {
  return [{ type: "text", text }];
}

/** A database file with messages that are there already, and further ones. */
async function fileOf(
  session: string,
  present: Awaited<ReturnType<SQLiteContextStore["getMessages"]>>,
  added: readonly string[],
): Promise<Blob> {
  await using memory = await connect(`file-${crypto.randomUUID()}`, {
    storage: "memory",
    // No death is meant for it: see the torture's own.
    worker: () => new Worker(new URL("../../../worker/worker.js", import.meta.url), { type: "module", name: "file" }),
  });
  const store = new SQLiteContextStore(memory, session);
  for (const { role, content, uid } of present) await store.append({ role, content }, { uid });
  await store.appendAll(added.map(messageOf));
  return await memory.export();
}
