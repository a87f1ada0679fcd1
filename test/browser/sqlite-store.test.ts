import { describe, expect, test } from "vitest";
import { type Connection, SQLiteContextStore } from "../../src/index.js";
import { sqliteContract, type SqliteBackend } from "../contract/sqlite.js";
import { freshPath, openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { user, words } from "../fixtures/messages.js";

sqliteContract("SQLiteContextStore in memory", backend("memory"));
sqliteContract("SQLiteContextStore on OPFS", backend("opfs"));

function backend(storage: "opfs" | "memory"): SqliteBackend {
  const database = sharedDatabase({ storage });
  let connection: Connection;
  return {
    async open() {
      connection = await database();
      return new SQLiteContextStore(connection, crypto.randomUUID(), { project: crypto.randomUUID() });
    },
    sibling: ({ sessionId, project }) =>
      new SQLiteContextStore(connection, sessionId, { project: `${project}-sibling` }),
    neighbour: ({ project }, sessionId) => new SQLiteContextStore(connection, sessionId, { project }),
  };
}

describe("a store and its connection", () => {
  test("the project is the page's origin, and the prefix that of Python, unless told otherwise", async () => {
    const store = new SQLiteContextStore(await openDatabase({ storage: "memory" }), "s");
    expect(store).toMatchObject({ sessionId: "s", project: location.origin, dbName: "axio_context" });
    const other = new SQLiteContextStore(await openDatabase({ storage: "memory" }), "s", {
      project: undefined,
      dbName: undefined,
    });
    expect(other).toMatchObject({ project: location.origin, dbName: "axio_context" });
  });

  test("two stores on one session see each other's messages at once", async () => {
    const connection = await openDatabase({ storage: "memory" });
    const [one, two] = [new SQLiteContextStore(connection, "s"), new SQLiteContextStore(connection, "s")];
    await one.append(user("from one"));
    await two.append(user("from two"));
    expect(words(await one.getHistory())).toEqual(["from one", "from two"]);
  });

  test("closing a store leaves the connection, and the store, open", async () => {
    const store = new SQLiteContextStore(await openDatabase({ storage: "memory" }), "s");
    await store.close();
    await store.append(user("still here"));
    expect(words(await store.getHistory())).toEqual(["still here"]);
  });

  test("what was acknowledged is there after the database was closed and opened again", async () => {
    const path = freshPath();
    const first = await openDatabase({ path });
    const store = new SQLiteContextStore(first, "s");
    await store.appendAll([user("one"), user("two")]);
    await store.setContextTokens(3, 4);
    const before = [await store.getMessages(), await store.listSessions()];
    await first.close();
    const again = new SQLiteContextStore(await openDatabase({ path }), "s");
    expect([await again.getMessages(), await again.listSessions()]).toStrictEqual(before);
    expect((await again.append(user("three"))).position).toBe(2);
  });

  test("two connections of a page to one path share the database, and close one by one", async () => {
    const path = freshPath();
    const [first, second] = await Promise.all([openDatabase({ path }), openDatabase({ path: `~/${path}` })]);
    await new SQLiteContextStore(first, "s").append(user("from the first"));
    await first.close();
    expect(words(await new SQLiteContextStore(second, "s").getHistory())).toEqual(["from the first"]);
  });

  test("an `await using` connection is closed at the end of its block", async () => {
    const connection = await openDatabase({ storage: "memory" });
    await connection[Symbol.asyncDispose]();
    await expect(connection.listProjects()).rejects.toMatchObject({ code: "closed" });
  });
});
