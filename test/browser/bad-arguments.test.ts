import { describe, expect, test } from "vitest";
import { type Connection, type ImportOptions, MemoryContextStore, SQLiteContextStore } from "../../src/index.js";
import { openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { golden } from "../fixtures/golden.js";
import { user, words } from "../fixtures/messages.js";
import { snapshot } from "../fixtures/snapshots.js";

const refused = expect.objectContaining({ name: "ContextStoreError", code: "invalid-argument" }) as Error;

const BAD_NAMES: Readonly<Record<string, unknown>> = {
  "an empty string": "",
  "513 characters": "x".repeat(513),
  "half of a surrogate pair": "a\ud83d",
  "the other half of a surrogate pair": "\ude00a",
  "a NUL character": "a\u0000b",
  "a number": 7,
  "an object": {},
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
  "SQLite",
  "SQLITE_x",
  7,
];

describe("names", () => {
  const database = sharedDatabase({ storage: "memory" });

  test.each(Object.entries(BAD_NAMES))("a session id and a fork's refuse %s", async (_, name) => {
    const connection = await database();
    expect(() => new SQLiteContextStore(connection, name as string)).toThrow(refused);
    const store = new SQLiteContextStore(connection, "s");
    await expect(store.fork({ sessionId: name as string })).rejects.toEqual(refused);
  });

  test.each(Object.entries(BAD_NAMES))("a project refuses %s", async (_, name) => {
    const connection = await database();
    expect(() => new SQLiteContextStore(connection, "s", { project: name as string })).toThrow(refused);
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
      expect(() => new SQLiteContextStore(connection, "s", { dbName: dbName as string })).toThrow(refused);
      await expect(connection.listProjects({ dbName: dbName as string })).rejects.toEqual(refused);
    }
    expect(await snapshot(connection)).toEqual(before);
  });

  test("a dbName of 64 characters works", async () => {
    const store = new SQLiteContextStore(await database(), "s", { dbName: `_${"Ab0".repeat(21)}` });
    await store.append(user("hello"));
    expect(words(await store.getHistory())).toEqual(["hello"]);
  });

  test.each([undefined, null, {}, new MemoryContextStore()])("a store needs a connection, not %s", (connection) => {
    expect(() => new SQLiteContextStore(connection as Connection, "s")).toThrow(refused);
  });

  test("fork refuses a number of messages that is none", async () => {
    const store = new SQLiteContextStore(await database(), "s");
    for (const upTo of [-1, 0.5, Number.NaN, "2"]) {
      await expect(store.fork({ upTo: upTo as number })).rejects.toEqual(refused);
    }
  });
});

describe("import and checkIntegrity", () => {
  const database = sharedDatabase({ storage: "memory" });

  test.each([undefined, null, "text", new ArrayBuffer(8), Uint8Array.of(1), {}])(
    "refuse %s for a file",
    async (file) => {
      const connection = await database();
      await expect(connection.import(file as Blob)).rejects.toEqual(refused);
    },
  );

  test.each([null, "text", new ArrayBuffer(8), {}])("refuse %s for a -wal", async (wal) => {
    const connection = await database();
    const options = { wal } as ImportOptions;
    await expect(connection.import(await golden("wal.db"), options)).rejects.toEqual(refused);
  });

  test.each(["append", "", "MERGE", null, 1])("refuse %j for a mode", async (mode) => {
    const connection = await database();
    await expect(connection.import(await golden("small.db"), { mode } as ImportOptions)).rejects.toEqual(refused);
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
