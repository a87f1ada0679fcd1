import { describe, expect, test } from "vitest";
import { type Connection, connect, ContextStore, SQLiteContextStore } from "../../src/index.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { golden } from "../fixtures/golden.js";
import { user } from "../fixtures/messages.js";

/** Every method, called as it should be. */
const CALLS: Readonly<Record<string, (connection: Connection, store: SQLiteContextStore) => Promise<unknown>>> = {
  status: (connection) => connection.status(),
  requestPersistence: (connection) => connection.requestPersistence(),
  listProjects: (connection) => connection.listProjects(),
  export: (connection) => connection.export(),
  import: async (connection) => connection.import(await golden("small.db")),
  checkIntegrity: (connection) => connection.checkIntegrity(),
  repair: (connection) => connection.checkIntegrity({ repair: true }),
  append: (_, store) => store.append(user("hello")),
  appendAll: (_, store) => store.appendAll([user("hello")]),
  getHistory: (_, store) => store.getHistory(),
  getMessages: (_, store) => store.getMessages(),
  clear: (_, store) => store.clear(),
  fork: (_, store) => store.fork(),
  setContextTokens: (_, store) => store.setContextTokens(1, 2),
  addContextTokens: (_, store) => store.addContextTokens(1, 2),
  getContextTokens: (_, store) => store.getContextTokens(),
  listSessions: (_, store) => store.listSessions(),
  fromContext: (_, store) => ContextStore.fromContext(store),
};

describe("after close", () => {
  const closed = connect(freshPath()).then(async (connection) => {
    await connection.close();
    return connection;
  });

  test.each(Object.entries(CALLS))("%s rejects with code closed, and was not applied", async (_, call) => {
    const connection = await closed;
    const error = await rejection(call(connection, new SQLiteContextStore(connection, "s")), "closed");
    expect(error.message).toContain("connect");
    expect(error.outcome).toBe("not-applied");
  });

  test("close can be called again, and a store's close always", async () => {
    const connection = await connect(freshPath());
    const store = new SQLiteContextStore(connection, "s");
    await Promise.all([connection.close(), connection.close()]);
    await expect(connection.close()).resolves.toBeUndefined();
    await expect(store.close()).resolves.toBeUndefined();
  });

  test("calls that were pending reject with code closed, or had been answered", async () => {
    const connection = await connect(freshPath());
    const store = new SQLiteContextStore(connection, "s");
    const calls = Array.from({ length: 300 }, (_, i) => store.append(user(String(i))));
    const closing = connection.close();
    const settled = await Promise.allSettled(calls);
    await closing;
    const reasons = settled.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toMatchObject({ code: "closed" });
  });

  test("the page's other connection to the path goes on", async () => {
    const path = freshPath();
    const [one, other] = [await connect(path), await openDatabase({ path })];
    const pending = rejection(new SQLiteContextStore(one, "s").getHistory(), "closed");
    await one.close();
    await pending;
    expect(await new SQLiteContextStore(other, "s").append(user("hello"))).toMatchObject({ position: 0 });
  });
});
