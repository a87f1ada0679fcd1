import { describe, expect, test } from "vitest";
import { type Connection, SQLiteContextStore, type StoreOptions } from "../../src/index.js";
import { openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { expectedOf } from "../fixtures/golden.js";
import { assistant, toDict, user, words } from "../fixtures/messages.js";
import { appendByPython, readByPython } from "../fixtures/python.js";

/** Two places in one file in which the same session id stands for different sessions. */
const PAIRS: Readonly<Record<string, readonly [StoreOptions, StoreOptions]>> = {
  "two projects": [{ project: "/home/a" }, { project: "/home/b" }],
  "two projects that differ in case": [{ project: "Alpha" }, { project: "alpha" }],
  "two dbNames": [{ dbName: "axio_context" }, { dbName: "notes" }],
  "two dbNames, one of which begins with the other": [{ dbName: "chat" }, { dbName: "chat_messages" }],
};

describe.each(Object.entries(PAIRS))("%s with one session id", (_, [here, there]) => {
  const database = sharedDatabase();

  /** Both sides of a session that no other test has, with messages that alternate. */
  async function both(): Promise<[SQLiteContextStore, SQLiteContextStore]> {
    const id = crypto.randomUUID();
    const connection = await database();
    const a = new SQLiteContextStore(connection, id, here);
    const b = new SQLiteContextStore(connection, id, there);
    for (let i = 0; i < 3; i++) await Promise.all([a.append(user(`a${i}`)), b.append(user(`b${i}`))]);
    await a.append(assistant("a3"));
    await Promise.all([a.setContextTokens(1, 2), b.setContextTokens(3, 4)]);
    return [a, b];
  }

  function listed(store: SQLiteContextStore): Promise<unknown> {
    return store.listSessions().then((sessions) => sessions.find(({ sessionId }) => sessionId === store.sessionId));
  }

  test("each reads its own messages, tokens, preview and count", async () => {
    const [a, b] = await both();
    expect(words(await a.getHistory())).toEqual(["a0", "a1", "a2", "a3"]);
    expect(words(await b.getHistory())).toEqual(["b0", "b1", "b2"]);
    expect((await b.getMessages()).map(({ position }) => position)).toEqual([0, 1, 2]);
    expect(await a.getContextTokens()).toEqual({ inputTokens: 1, outputTokens: 2 });
    expect(await b.getContextTokens()).toEqual({ inputTokens: 3, outputTokens: 4 });
    expect(await listed(a)).toMatchObject({ messageCount: 4, preview: "a0", inputTokens: 1, project: a.project });
    expect(await listed(b)).toMatchObject({ messageCount: 3, preview: "b0", inputTokens: 3, project: b.project });
  });

  test("clear of one leaves the other, which goes on at its own next position", async () => {
    const [a, b] = await both();
    await a.clear();
    expect(await a.getHistory()).toEqual([]);
    expect(await listed(a)).toBeUndefined();
    expect(await a.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect(words(await b.getHistory())).toEqual(["b0", "b1", "b2"]);
    expect(await b.getContextTokens()).toEqual({ inputTokens: 3, outputTokens: 4 });
    expect((await b.append(user("b3"))).position).toBe(3);
    expect((await a.append(user("new"))).position).toBe(0);
    expect(await listed(b)).toMatchObject({ messageCount: 4, preview: "b0" });
  });

  test("fork of one takes nothing of the other", async () => {
    const [a, b] = await both();
    const fork = await b.fork();
    expect(words(await fork.getHistory())).toEqual(["b0", "b1", "b2"]);
    expect(await fork.getContextTokens()).toEqual({ inputTokens: 3, outputTokens: 4 });
    const seen = new SQLiteContextStore(await database(), fork.sessionId, here);
    expect(await seen.getHistory()).toEqual([]);
    expect(await seen.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect(words(await a.getHistory())).toEqual(["a0", "a1", "a2", "a3"]);
    expect((await fork.append(user("b3"))).position).toBe(3);
  });

  test("messages of one alone do not put the session into the other's list", async () => {
    const connection = await database();
    const id = crypto.randomUUID();
    await new SQLiteContextStore(connection, id, here).append(user("here"));
    expect(await listed(new SQLiteContextStore(connection, id, there))).toBeUndefined();
    expect(await new SQLiteContextStore(connection, id, there).getMessages({ last: 5 })).toEqual([]);
  });

  test("the projects are counted apart", async () => {
    const connection = await openDatabase({ storage: "memory" });
    await new SQLiteContextStore(connection, "s", here).appendAll([user("1"), user("2")]);
    await new SQLiteContextStore(connection, "s", there).append(user("1"));
    const counts = await projectsOf(connection, here, there);
    expect(counts).toEqual([2, 1]);
  });

  test("the exported file has dense positions, and Python can append to both", async () => {
    const [a, b] = await both();
    await a.clear();
    await a.append(user("after the clear"));
    for (const store of [a, b]) {
      const { sessionId: session_id, project, dbName } = store;
      const message = { session_id, project, ...(toDict(user("from Python")) as { role: string; content: unknown }) };
      const file = await appendByPython(await (await database()).export(), [message], dbName);
      const { rows, integrity } = await readByPython(
        file,
        (await expectedOf("small.db")).schema.map(renamed(dbName)),
        dbName,
      );
      const positions = rows.filter((row) => row.session_id === session_id).map(({ position }) => position);
      expect(positions).toEqual(positions.map((_, place) => place));
      expect(integrity).toEqual(["ok"]);
      expect(rows.findLast((row) => row.session_id === session_id)).toMatchObject({ project, role: "user" });
    }
  });
});

function renamed(dbName: string) {
  return (entry: readonly [string, string, string | null]) =>
    entry.map((part) => part?.replaceAll("axio_context", dbName) ?? null);
}

async function projectsOf(connection: Connection, ...places: readonly StoreOptions[]): Promise<(number | undefined)[]> {
  return Promise.all(
    places.map(async ({ dbName, project = location.origin }) => {
      const projects = await connection.listProjects({ dbName });
      return projects.find((info) => info.project === project)?.messageCount;
    }),
  );
}

describe("dbNames", () => {
  test("that differ only in case are refused: SQLite would take them for one", async () => {
    const connection = await openDatabase({ storage: "memory" });
    await new SQLiteContextStore(connection, "s", { dbName: "Notes" }).append(user("first"));
    const twin = new SQLiteContextStore(connection, "s", { dbName: "notes" });
    const { message } = await rejection(twin.append(user("second")), "invalid-argument");
    expect(message).toContain('"Notes"');
    await rejection(twin.getHistory(), "invalid-argument");
    await rejection(connection.listProjects({ dbName: "AXIO_CONTEXT" }), "invalid-argument");
    expect(words(await new SQLiteContextStore(connection, "s", { dbName: "Notes" }).getHistory())).toEqual(["first"]);
  });

  test("that are refused fail alone among calls made at the same time", async () => {
    const connection = await openDatabase({ storage: "memory" });
    const store = new SQLiteContextStore(connection, "s", { dbName: "Notes" });
    await store.append(user("first"));
    const twin = new SQLiteContextStore(connection, "s", { dbName: "NOTES" });
    const settled = await Promise.allSettled([
      store.append(user("second")),
      twin.append(user("x")),
      store.append(user("third")),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(words(await store.getHistory())).toEqual(["first", "second", "third"]);
  });

  test("are exported all in one file and imported again all", async () => {
    const connection = await openDatabase();
    for (const dbName of ["axio_context", "notes", "_"]) {
      await new SQLiteContextStore(connection, "s", { dbName }).append(user(`in ${dbName}`));
    }
    const copy = await openDatabase();
    expect(await copy.import(await connection.export())).toMatchObject({ sessionsAdded: 3, ignoredTables: [] });
    for (const dbName of ["axio_context", "notes", "_"]) {
      expect(words(await new SQLiteContextStore(copy, "s", { dbName }).getHistory())).toEqual([`in ${dbName}`]);
    }
  });
});
