import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Connection,
  connect,
  type ConnectOptions,
  ContextStore,
  type ImportOptions,
  MemoryContextStore,
  SQLiteContextStore,
} from "../../src/index.js";
import { freshPath, openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { golden } from "../fixtures/golden.js";
import { user, words } from "../fixtures/messages.js";
import { snapshot } from "../fixtures/snapshots.js";

const BAD_NAMES: Readonly<Record<string, unknown>> = {
  "an empty string": "",
  "513 characters": "x".repeat(513),
  "half of a surrogate pair": "a\ud83d",
  "the other half of a surrogate pair": "\ude00a",
  "a NUL character": "a\u0000b",
  "a number": 7,
  "an object": {},
  null: null,
};

const BAD_DB_NAMES: readonly unknown[] = [
  "x; DROP TABLE",
  "x; DROP TABLE axio_context_messages; --",
  'x"; DROP TABLE "axio_context_messages',
  "x'--",
  "",
  "1x",
  "a-b",
  "a b",
  "a.b",
  "é",
  "a\n",
  "a\u0000",
  "x".repeat(65),
  "sqlite_x",
  "SQLITE_x",
  7,
  null,
];

const BAD_PATHS: Readonly<Record<string, unknown>> = {
  nothing: "",
  "the root alone": "/",
  "the home directory alone": "~/",
  "the parent directory": "../x",
  "a parent directory inside": "a/../x",
  "the same directory": "a/./b",
  "an empty name": "a//b",
  "an empty last name": "a/",
  "two slashes in front": "//a",
  "a NUL character": "a\u0000b",
  "a line break": "a\nb",
  "a backslash": String.raw`a\b`,
  "half of a surrogate pair": "a\ud83d",
  "300 characters": "x".repeat(300),
  "no string": 7,
  undefined: undefined,
};

describe("names", () => {
  const database = sharedDatabase({ storage: "memory" });

  test.each(Object.entries(BAD_NAMES))("a session id, project and fork refuse %s", async (_, name) => {
    const connection = await database();
    const refused = expect.objectContaining({ name: "ContextStoreError", code: "invalid-argument" }) as Error;
    expect(() => new SQLiteContextStore(connection, name as string)).toThrow(refused);
    // null stands for no project at all in JavaScript that is not checked by types.
    if (name !== null)
      expect(() => new SQLiteContextStore(connection, "s", { project: name as string })).toThrow(refused);
    await rejection(new SQLiteContextStore(connection, "s").fork({ sessionId: name as string }), "invalid-argument");
  });

  test("a session id of 512 characters, of spaces, or of SQL is as good as any", async () => {
    const connection = await openDatabase();
    for (const name of ["x".repeat(512), " ", "'; DROP TABLE axio_context_messages; --", "漢字😀", "%", "a/b"]) {
      const store = new SQLiteContextStore(connection, name, { project: name });
      await store.append(user(name), { uid: name });
      expect(words(await store.getHistory())).toEqual([name]);
      expect(await store.listSessions()).toMatchObject([{ sessionId: name, project: name, messageCount: 1 }]);
    }
    expect(await connection.listProjects()).toHaveLength(6);
  });

  test("a dbName that is not a plain name is refused, and no table is dropped", async () => {
    const connection = await openDatabase();
    await new SQLiteContextStore(connection, "s").append(user("kept"));
    const before = await snapshot(connection);
    for (const dbName of BAD_DB_NAMES) {
      const open = () => new SQLiteContextStore(connection, "s", { dbName: dbName as string });
      if (dbName !== null)
        expect(open, String(dbName)).toThrow(expect.objectContaining({ code: "invalid-argument" }) as Error);
      await rejection(connection.listProjects({ dbName: dbName as string }), "invalid-argument");
    }
    expect(await snapshot(connection)).toEqual(before);
  });

  test("a dbName of 64 characters works", async () => {
    const store = new SQLiteContextStore(await database(), "s", { dbName: `_${"Ab0".repeat(21)}` });
    await store.append(user("hello"));
    expect(words(await store.getHistory())).toEqual(["hello"]);
  });

  test.each([undefined, null, {}, new MemoryContextStore()])("a store needs a connection, not %s", (connection) => {
    expect(() => new SQLiteContextStore(connection as unknown as Connection, "s")).toThrow(
      expect.objectContaining({ code: "invalid-argument" }) as Error,
    );
  });

  test("fork refuses a number of messages that is none", async () => {
    const store = new SQLiteContextStore(await database(), "s");
    for (const upTo of [-1, 0.5, Number.NaN, "2"]) {
      await rejection(store.fork({ upTo: upTo as number }), "invalid-argument");
    }
  });
});

describe("connect", () => {
  test.each(Object.entries(BAD_PATHS))("refuses for a path: %s", async (_, path) => {
    for (const storage of ["opfs", "memory"] as const) {
      await rejection(connect(path as string, { storage }), "invalid-argument");
    }
  });

  test("takes paths of 200 characters, of any script, and of names that file systems dislike", async () => {
    for (const path of ["漢".repeat(200), "a/".repeat(99) + "ab", 'con:*?"<>|.%2f', " ."]) {
      const connection = await openDatabase({ path });
      await new SQLiteContextStore(connection, "s").append(user(path));
      expect(connection.path).toBe(path);
      await connection.close();
      const again = await openDatabase({ path });
      expect(words(await new SQLiteContextStore(again, "s").getHistory())).toEqual([path]);
    }
  });

  test("keeps databases apart whose paths look alike", async () => {
    const name = crypto.randomUUID();
    const paths = [`${name}/b`, `${name}%2fb`, `${name}%252fb`, `${name}:b`, `${name}%3ab`];
    for (const path of paths) {
      await new SQLiteContextStore(await openDatabase({ path }), "s").append(user(path));
    }
    for (const path of paths) {
      expect(words(await new SQLiteContextStore(await openDatabase({ path }), "s").getHistory())).toEqual([path]);
    }
  });

  test.each([
    { busyTimeout: -1 },
    { busyTimeout: Number.NaN },
    { busyTimeout: Infinity },
    { busyTimeout: "5000" },
    { synchronous: "off" },
    { synchronous: "FULL" },
    { storage: "disk" },
    { storage: "OPFS" },
  ])("refuses the option %j", async (options) => {
    await rejection(connect(freshPath(), options as ConnectOptions), "invalid-argument");
  });

  test("takes undefined for every option", async () => {
    const connection = await openDatabase({
      busyTimeout: undefined,
      synchronous: undefined,
      storage: undefined,
      worker: undefined,
      signal: undefined,
    });
    expect(await connection.status()).toMatchObject({ storage: "opfs", synchronous: "normal", busyTimeout: 5000 });
  });
});

describe("an aborted connect", () => {
  test("rejects when the signal has fired before, and starts nothing", async () => {
    const reason = new Error("the user left");
    const worker = () => expect.unreachable("a worker was started");
    const call = connect(freshPath(), { signal: AbortSignal.abort(reason), worker });
    expect((await rejection(call, "aborted")).cause).toBe(reason);
  });

  test("rejects when the signal fires right after the call", async () => {
    const controller = new AbortController();
    const call = connect(freshPath(), { signal: controller.signal });
    controller.abort(new Error("the user left"));
    const error = await rejection(call, "aborted");
    expect(error.cause).toMatchObject({ message: "the user left" });
  });

  test("rejects when the signal fires while the worker starts", async () => {
    const controller = new AbortController();
    const worker = () => {
      setTimeout(() => controller.abort());
      return new Worker(new URL("../../worker/worker.js", import.meta.url), { type: "module" });
    };
    await rejection(connect(freshPath(), { signal: controller.signal, worker }), "aborted");
  });

  test("rejects at once, also when the worker never answers", async () => {
    const controller = new AbortController();
    const script = URL.createObjectURL(new Blob(["onmessage = () => {}"], { type: "text/javascript" }));
    onTestFinished(() => URL.revokeObjectURL(script));
    const worker = () => {
      setTimeout(() => controller.abort());
      return new Worker(script);
    };
    await rejection(connect(freshPath(), { signal: controller.signal, worker }), "aborted");
  });

  test("leaves the path free, and another caller's connection to it alone", async () => {
    const path = freshPath();
    const controller = new AbortController();
    const aborted = connect(path, { signal: controller.signal });
    const other = connect(path);
    controller.abort();
    await rejection(aborted, "aborted");
    const connection = await other;
    await new SQLiteContextStore(connection, "s").append(user("hello"));
    await connection.close();
    const again = await openDatabase({ path });
    expect(words(await new SQLiteContextStore(again, "s").getHistory())).toEqual(["hello"]);
  });

  test("a signal that fires after the connection is open does nothing to it", async () => {
    const controller = new AbortController();
    const connection = await openDatabase({ signal: controller.signal });
    controller.abort();
    await new SQLiteContextStore(connection, "s").append(user("hello"));
  });
});

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
    await connection.close();
    await store.close();
  });

  test("calls that were pending reject with code closed, or had been answered", async () => {
    const connection = await connect(freshPath());
    const store = new SQLiteContextStore(connection, "s");
    const calls = Array.from({ length: 300 }, (_, i) => store.append(user(String(i))));
    const closing = connection.close();
    const settled = await Promise.allSettled(calls);
    await closing;
    for (const result of settled) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "closed" });
    }
    expect(settled.some(({ status }) => status === "rejected")).toBe(true);
  });

  test("the page's other connection to the path goes on", async () => {
    const path = freshPath();
    const [one, other] = [await connect(path), await openDatabase({ path })];
    const pending = rejection(new SQLiteContextStore(one, "s").getHistory(), "closed");
    await one.close();
    await pending;
    await new SQLiteContextStore(other, "s").append(user("hello"));
  });
});

describe("import and checkIntegrity", () => {
  const database = sharedDatabase({ storage: "memory" });

  test.each([undefined, null, "text", new ArrayBuffer(8), Uint8Array.of(1), {}])(
    "refuse %s for a file",
    async (file) => {
      const connection = await database();
      await rejection(connection.import(file as unknown as Blob), "invalid-argument");
      if (file !== undefined) {
        const wal = file as unknown as Blob;
        await rejection(connection.import(await golden("wal.db"), { wal }), "invalid-argument");
      }
    },
  );

  test.each(["append", "", "MERGE", null, 1])("refuse %j for a mode", async (mode) => {
    const connection = await database();
    await rejection(connection.import(await golden("small.db"), { mode } as ImportOptions), "invalid-argument");
    expect(await connection.listProjects()).toEqual([]);
  });

  test("take undefined for every option", async () => {
    const connection = await openDatabase({ storage: "memory" });
    await connection.import(await golden("small.db"), { mode: undefined, wal: undefined });
    expect(await connection.checkIntegrity({ repair: undefined })).toMatchObject({ ok: true });
    expect(await connection.listProjects({ dbName: undefined })).toHaveLength(2);
  });

  test("takes a File for a Blob", async () => {
    const connection = await openDatabase({ storage: "memory" });
    const file = new File([await golden("small.db")], "chat.db");
    expect(await connection.import(file)).toMatchObject({ sessionsAdded: 3 });
  });
});
