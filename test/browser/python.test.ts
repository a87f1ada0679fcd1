import { beforeAll, describe, expect, test } from "vitest";
import { type Connection, type Message, SQLiteContextStore } from "../../src/index.js";
import { openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { expectedOf } from "../fixtures/golden.js";
import { assistant, blockToDict, everyBlock, toDict, user, words } from "../fixtures/messages.js";
import {
  appendByPython,
  type PythonMessage,
  type PythonRow,
  type PythonView,
  readByPython,
} from "../fixtures/python.js";

const UNICODE = ["é", "漢字", "😀", "a\ud83d", "\u0000", "שלום", "\u2028"].map((text) => text.repeat(40));

/** Content whose JSON is of this many UTF-8 bytes. */
function ofJsonBytes(length: number): Message {
  const frame = JSON.stringify(user("").content).length;
  return user("x".repeat(length - frame));
}

/** Puts everything into a database that this package writes. */
async function fill(connection: Connection): Promise<void> {
  const store = new SQLiteContextStore(connection, "all blocks", { project: "/home/a" });
  await store.appendAll(everyBlock());
  await store.setContextTokens(10, 20);
  for (const text of UNICODE) await store.append(user(text), { metadata: { text } });
  const thresholds = new SQLiteContextStore(connection, "thresholds", { project: "/home/a" });
  await thresholds.appendAll([100, 510, 511, 512, 513, 2000, 100_000].map(ofJsonBytes));
  const shared = ["/home/a", "/home/b"].map((project) => new SQLiteContextStore(connection, "shared", { project }));
  for (let i = 0; i < 6; i++) await shared[i % 2]!.append(i % 3 ? user(`u${i}`) : assistant(`a${i}`));
  await shared[1]!.addContextTokens(1, 2);
  await (await store.fork()).append(user("in the fork"));
  await thresholds.fork({ upTo: 3, sessionId: "short" });
  const cleared = new SQLiteContextStore(connection, "cleared", { project: "/home/b" });
  await cleared.append(user("gone"));
  await cleared.clear();
  await cleared.append(assistant("kept"));
}

describe.each(["opfs", "memory"] as const)("a file that the browser wrote with storage %s", (storage) => {
  const database = sharedDatabase({ storage });
  let connection: Connection;
  let view: PythonView;

  beforeAll(async () => {
    connection = await database();
    await fill(connection);
    view = await readByPython(await connection.export(), (await expectedOf("small.db")).schema);
  });

  test("has the Python package's tables, constraints and indexes", () => {
    expect(view.schema_differences).toEqual([]);
    expect(view.integrity).toEqual(["ok"]);
    expect(view.settings).toEqual({ encoding: "UTF-8", auto_vacuum: 0, user_version: 0, application_id: 0 });
    expect(view.header).toEqual([2, 2]);
  });

  test("has dense positions per session id", () => {
    const { rows } = view;
    for (const id of new Set(rows.map(({ session_id }) => session_id))) {
      const own = rows.filter(({ session_id }) => session_id === id);
      expect(own.map(({ position }) => position)).toEqual(own.map((_, place) => place));
    }
  });

  test("has each content in the envelope that its length asks for", () => {
    const { rows } = view;
    const encoder = new TextEncoder();
    const wrong = rows.filter(({ content, json }) => {
      const length = encoder.encode(json!).length;
      return !content.startsWith(length < 512 ? "plain:" : "gzip:");
    });
    expect(wrong).toEqual([]);
    expect(rows.some(({ content }) => content.startsWith("plain:"))).toBe(true);
    expect(rows.some(({ content }) => content.startsWith("gzip:"))).toBe(true);
    const lengths = rows.filter((row) => row.session_id === "thresholds").map(({ json }) => json!.length);
    expect(lengths).toEqual([100, 510, 511, 512, 513, 2000, 100_000]);
  });

  test("gives Python the histories, sessions and tokens that the browser reads", async () => {
    for (const { project } of await connection.listProjects()) {
      const sessions = await new SQLiteContextStore(connection, "any", { project }).listSessions();
      const listed = sessions.map(({ sessionId, messageCount, createdAt, inputTokens, outputTokens }) => ({
        session_id: sessionId,
        message_count: messageCount,
        created_at: createdAt,
        input_tokens: inputTokens,
        output_tokens: outputTokens,
      }));
      expect(view.sessions[project]).toMatchObject(listed);
      for (const { sessionId, preview } of sessions) {
        const store = new SQLiteContextStore(connection, sessionId, { project });
        expect((await store.getHistory()).map(toDict)).toEqual(historyOf(view.rows, sessionId, project));
        // Python takes the preview of a shared session id from either project.
        const previewed = sessionId === "shared" ? preview : pythonPreview(view, project, sessionId);
        expect(previewed).toBe(preview);
      }
    }
    expect(view.tokens).toContainEqual(["all blocks", "/home/a", 10, 20]);
    expect(view.tokens).toContainEqual(["shared", "/home/b", 1, 2]);
  });

  test("takes rows that Python appends, and gives them back in the browser", async () => {
    const messages = everyBlock().map((message) => byPython("all blocks", "/home/a", message));
    const more = [
      byPython("shared", "/home/b", user("x".repeat(600))),
      byPython("cleared", "/home/b", user("after the clear")),
      byPython("from Python", "/home/c", user("é漢字😀\n")),
    ];
    const file = await appendByPython(await connection.export(), [...messages, ...more]);
    const original = new SQLiteContextStore(connection, "all blocks", { project: "/home/a" });
    const before = await original.getHistory();

    expect(await connection.import(file)).toEqual({
      sessionsAdded: 1,
      sessionsExtended: 3,
      sessionsForked: 0,
      sessionsUnchanged: expect.any(Number),
      messagesAdded: everyBlock().length + 3,
      ignoredTables: [],
    });
    expect(await original.getHistory()).toStrictEqual([...before, ...everyBlock()]);
    const last = async (sessionId: string, project: string) =>
      words(await new SQLiteContextStore(connection, sessionId, { project }).getMessages({ last: 1 }));
    expect(await last("shared", "/home/b")).toEqual(["x".repeat(600)]);
    expect(await last("shared", "/home/a")).toEqual(["u4"]);
    expect(await last("cleared", "/home/b")).toEqual(["after the clear"]);
    expect(await last("from Python", "/home/c")).toEqual(["é漢字😀\n"]);
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  test("opens in a new database with every session, fork, uid and metadata", async () => {
    const copy = await openDatabase();
    await copy.import(await connection.export());
    for (const project of ["/home/a", "/home/b"]) {
      const [there, here] = [connection, copy].map((on) => new SQLiteContextStore(on, "shared", { project }));
      expect(await here!.listSessions()).toEqual(await there!.listSessions());
    }
    const [there, here] = [connection, copy].map(
      (on) => new SQLiteContextStore(on, "all blocks", { project: "/home/a" }),
    );
    const described = async (store: SQLiteContextStore) =>
      (await store.getMessages()).map(({ uid, position, createdAt, metadata }) => [uid, position, createdAt, metadata]);
    expect(await described(here!)).toEqual(await described(there!));
    expect(await here!.getHistory()).toEqual(await there!.getHistory());
  });
});

function byPython(session_id: string, project: string, message: Message): PythonMessage {
  return { session_id, project, role: message.role, content: message.content.map(blockToDict) };
}

function historyOf(rows: readonly PythonRow[], sessionId: string, project: string): unknown[] {
  return rows
    .filter((row) => row.session_id === sessionId && row.project === project)
    .map(({ role, json }) => ({ role, content: JSON.parse(json!) as unknown }));
}

function pythonPreview({ sessions }: PythonView, project: string, sessionId: string): string | undefined {
  return sessions[project]?.find(({ session_id }) => session_id === sessionId)?.preview;
}
