import { beforeAll, describe, expect, test } from "vitest";
import { type Connection, type Message, SQLiteContextStore } from "../../src/index.js";
import { openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { expectedOf, golden } from "../fixtures/golden.js";
import { assistant, everyBlock, toDict, user, words } from "../fixtures/messages.js";
import { appendByPython, changeByPython, type PythonRow, type PythonView, readByPython } from "../fixtures/python.js";

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
    expect(view).toHaveProperty("settings", { encoding: "UTF-8", auto_vacuum: 0, user_version: 0, application_id: 0 });
    if (storage === "opfs") expect(view.header).toEqual([2, 2]);
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
        if (sessionId !== "shared") expect(pythonPreview(view, project, sessionId)).toBe(preview);
      }
    }
    expect(view.tokens).toContainEqual(["all blocks", "/home/a", 10, 20]);
    expect(view.tokens).toContainEqual(["shared", "/home/b", 1, 2]);
  });

  test("takes rows that Python appends, and gives them back in the browser", async () => {
    const messages = everyBlock().map((message) => ({
      session_id: "all blocks",
      project: "/home/a",
      ...(toDict(message) as { role: string; content: unknown }),
    }));
    const more = [
      { session_id: "shared", project: "/home/b", role: "user", content: toContent(user("x".repeat(600))) },
      { session_id: "cleared", project: "/home/b", role: "user", content: toContent(user("after the clear")) },
      { session_id: "from Python", project: "/home/c", role: "user", content: toContent(user("é漢字😀\n")) },
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

  test("opens in a new database with every session, title, fork and uid", async () => {
    const copy = await openDatabase();
    await copy.import(await connection.export());
    for (const project of ["/home/a", "/home/b"]) {
      const [there, here] = [connection, copy].map((on) => new SQLiteContextStore(on, "shared", { project }));
      expect(await here!.listSessions()).toEqual(await there!.listSessions());
    }
    const [there, here] = [connection, copy].map(
      (on) => new SQLiteContextStore(on, "all blocks", { project: "/home/a" }),
    );
    const withoutId = ({ id: _, ...rest }: { readonly id: number }) => rest;
    expect((await here!.getMessages()).map(withoutId)).toEqual((await there!.getMessages()).map(withoutId));
  });
});

describe("files that Python reads too", () => {
  const VARIANTS: Readonly<Record<string, readonly string[]>> = {
    "further columns": [
      "ALTER TABLE axio_context_messages ADD COLUMN score REAL",
      "ALTER TABLE axio_context_tokens ADD COLUMN note TEXT DEFAULT 'x'",
    ],
    "a user_version and another page size": ["PRAGMA user_version=7", "PRAGMA page_size=1024", "VACUUM"],
    "a page size of 65536": ["PRAGMA journal_mode=DELETE", "PRAGMA page_size=65536", "VACUUM"],
    "a rollback journal": ["PRAGMA journal_mode=DELETE"],
    "triggers, views and further tables": [
      "CREATE TABLE notes(body)",
      "CREATE VIEW all_messages AS SELECT * FROM axio_context_messages",
      "CREATE TRIGGER t AFTER INSERT ON axio_context_messages BEGIN SELECT raise(ABORT, 'no'); END",
    ],
    "fractions for token counts": ["UPDATE axio_context_tokens SET input_tokens = input_tokens + 0.75"],
    "positions with gaps": [
      "UPDATE axio_context_messages SET position = -1000 - 3 * position",
      "UPDATE axio_context_messages SET position = -position",
    ],
    "positions below 0": ["UPDATE axio_context_messages SET position = position - 1000000"],
    "no indexes": ["DROP INDEX idx_axio_context_messages_session", "DROP INDEX idx_axio_context_messages_project"],
  };

  test.each(Object.entries(VARIANTS))("with %s are imported whole", async (_, statements) => {
    const original = await golden("small.db");
    const file = await changeByPython(original, ...statements.map((sql) => [sql] as const));
    const [plain, variant] = await Promise.all([openDatabase({ storage: "memory" }), openDatabase()]);
    const { ignoredTables, ...summary } = await variant.import(file);
    expect({ ...summary, ignoredTables: [] }).toEqual(await plain.import(original));
    expect(ignoredTables.every((table) => ["notes", "all_messages"].includes(table))).toBe(true);
    for (const { project } of await plain.listProjects()) {
      for (const { sessionId } of await new SQLiteContextStore(plain, "any", { project }).listSessions()) {
        const history = (on: Connection) => new SQLiteContextStore(on, sessionId, { project }).getHistory();
        expect(await history(variant)).toEqual(await history(plain));
      }
      const list = (on: Connection) => new SQLiteContextStore(on, "any", { project }).listSessions();
      expect(await list(variant)).toEqual(await list(plain));
    }
    expect(await variant.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  // The build of SQLite for browsers has no UTF-16.
  test("in UTF-16 are refused, saying so", async () => {
    const connection = await openDatabase();
    const file = await changeByPython(undefined, ["PRAGMA encoding='UTF-16le'"], ["CREATE TABLE notes(body)"]);
    const error = await connection.import(file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "unsupported", message: expect.stringContaining("UTF-16") });
  });
});

function toContent(message: Message): unknown {
  return (toDict(message) as { readonly content: unknown }).content;
}

function historyOf(rows: readonly PythonRow[], sessionId: string, project: string): unknown[] {
  return rows
    .filter((row) => row.session_id === sessionId && row.project === project)
    .map(({ role, json }) => ({ role, content: JSON.parse(json!) as unknown }));
}

function pythonPreview({ sessions }: PythonView, project: string, sessionId: string): string | undefined {
  return sessions[project]?.find(({ session_id }) => session_id === sessionId)?.preview;
}
