import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  compactHistory,
  type Connection,
  connect,
  ContextStore,
  type DeletedSession,
  SQLiteContextStore,
} from "../../src/index.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { golden } from "../fixtures/golden.js";
import { user } from "../fixtures/messages.js";

type Call = (connection: Connection, store: SQLiteContextStore) => Promise<unknown>;

/** The methods that promise something, but for those that close. */
type Methods<Type> = Exclude<
  { [Key in keyof Type]: Type[Key] extends (...args: never[]) => Promise<unknown> ? Key : never }[keyof Type],
  "close" | symbol
>;

/** Every method, called as it should be. */
const METHODS: Readonly<Record<Methods<Connection> | Methods<SQLiteContextStore>, Call>> = {
  status: (connection) => connection.status(),
  requestPersistence: (connection) => connection.requestPersistence(),
  listProjects: (connection) => connection.listProjects(),
  search: (connection) => connection.search("word"),
  export: (connection) => connection.export(),
  import: async (connection) => connection.import(await golden("small.db")),
  listDeletedSessions: (connection) => connection.listDeletedSessions(),
  restoreSession: (connection) => connection.restoreSession(DELETED),
  purgeDeleted: (connection) => connection.purgeDeleted(),
  checkIntegrity: (connection) => connection.checkIntegrity(),
  append: (_, store) => store.append(user("hello")),
  appendAll: (_, store) => store.appendAll([user("hello")]),
  getHistory: (_, store) => store.getHistory(),
  getMessages: (_, store) => store.getMessages(),
  beginMessage: (_, store) => store.beginMessage("assistant"),
  splice: (_, store) => store.splice(0, 0, [user("hello")]),
  replaceMessage: (_, store) => store.replaceMessage(0, user("hello")),
  truncate: (_, store) => store.truncate(0),
  replaceHistory: (_, store) => store.replaceHistory([]),
  clear: (_, store) => store.clear(),
  fork: (_, store) => store.fork(),
  setContextTokens: (_, store) => store.setContextTokens(1, 2),
  addContextTokens: (_, store) => store.addContextTokens(1, 2),
  getContextTokens: (_, store) => store.getContextTokens(),
  setTitle: (_, store) => store.setTitle("title"),
  deleteSession: (_, store) => store.deleteSession(),
  listSessions: (_, store) => store.listSessions(),
};

const DELETED: DeletedSession = {
  dbName: "axio_context",
  project: "p",
  sessionId: "s",
  deletionId: "d",
  deletedAt: "2026-01-01 00:00:00",
  messageCount: 1,
  preview: "",
  createdAt: "2026-01-01 00:00:00",
  updatedAt: "2026-01-01 00:00:00",
  inputTokens: 0,
  outputTokens: 0,
};

const CALLS: Readonly<Record<string, Call>> = {
  ...METHODS,
  repair: (connection) => connection.checkIntegrity({ repair: true }),
  messages: (_, store) => store.messages().next(),
  subscribe: async (connection) => connection.subscribe(() => {}),
  "subscribe of a store": async (_, store) => store.subscribe(() => {}),
  compactHistory: (_, store) => compactHistory(store, { summarize: () => "summary" }),
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

  test("a writer that was begun before rejects with code closed, too", async () => {
    const connection = await connect(freshPath());
    const writer = await new SQLiteContextStore(connection, "s").beginMessage("assistant");
    await connection.close();
    writer.update(user("too late").content);
    for (const call of [writer.finish(), writer.abort()])
      expect((await rejection(call, "closed")).outcome).toBe("not-applied");
  });

  test("close can be called again, and a store's close always", async () => {
    const connection = await connect(freshPath());
    const store = new SQLiteContextStore(connection, "s");
    await Promise.all([connection.close(), connection.close()]);
    await expect(connection.close()).resolves.toBeUndefined();
    await expect(store.close()).resolves.toBeUndefined();
  });

  test("so does a question to the user that has no answer yet", async () => {
    vi.spyOn(navigator.storage, "persist").mockReturnValue(new Promise(() => {}));
    onTestFinished(() => void vi.restoreAllMocks());
    const connection = await connect(freshPath());
    const asked = connection.requestPersistence();
    void connection.close();
    expect((await rejection(asked, "closed")).message).toContain("connect");
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
