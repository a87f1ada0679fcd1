import { describe, expect, onTestFinished, test, vi } from "vitest";
import { SQLiteContextStore } from "../../src/index.js";
import { Database } from "../../worker/sqlite/database.js";
import { enterWal } from "../../worker/storage/pool-storage.js";
import { loadSqlite } from "../../worker/sqlite/load.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { user } from "../fixtures/messages.js";
import { filesOf, MAIN, WAL } from "../fixtures/pool.js";

describe("status", () => {
  test("says on OPFS what was asked for, and what SQLite answers", async () => {
    const connection = await openDatabase();
    await new SQLiteContextStore(connection, "s").append(user("x".repeat(100_000)));
    expect(await connection.status()).toStrictEqual({
      role: "owner",
      storage: "opfs",
      journalMode: "wal",
      synchronous: "normal",
      busyTimeout: 5000,
      sqliteVersion: expect.stringMatching(/^3\.\d+\.\d+$/),
      schemaVersion: 1,
      searchIndex: { indexed: expect.any(Number), total: 1 },
      sizeBytes: expect.any(Number),
      usage: expect.any(Number),
      quota: expect.any(Number),
      persisted: expect.any(Boolean),
    });
  });

  test("says what the options made of it", async () => {
    const connection = await openDatabase({ synchronous: "full", busyTimeout: 1234 });
    await new SQLiteContextStore(connection, "s").append(user("hello"));
    expect(await connection.status()).toMatchObject({ journalMode: "wal", synchronous: "full", busyTimeout: 1234 });
  });

  test("says of each of two connections what it asked for", async () => {
    const path = freshPath();
    const normal = await openDatabase({ path, busyTimeout: 1000 });
    const full = await openDatabase({ path, synchronous: "full", busyTimeout: 2000 });
    expect(await normal.status()).toMatchObject({ synchronous: "normal", busyTimeout: 1000 });
    expect(await full.status()).toMatchObject({ synchronous: "full", busyTimeout: 2000 });
  });

  test("counts the bytes of the database as it grows, and knows the origin's quota", async () => {
    const connection = await openDatabase();
    const store = new SQLiteContextStore(connection, "s");
    const before = await connection.status();
    // Random text, so that it is not compressed away.
    const texts = Array.from({ length: 20 }, () => Array.from({ length: 1000 }, () => crypto.randomUUID()).join());
    await store.appendAll(texts.map(user));
    const after = await connection.status();
    expect(after.sizeBytes).toBeGreaterThan(before.sizeBytes + 100_000);
    expect(after.sizeBytes).toBe((await connection.export()).size);
    expect(after.quota).toBeGreaterThan(after.usage);
    expect(after.usage).toBeGreaterThan(0);
  });

  test("says that a database in memory is one", async () => {
    const connection = await openDatabase({ storage: "memory" });
    expect(await connection.status()).toMatchObject({ storage: "memory", journalMode: "wal", role: "owner" });
  });

  test.each([true, false])(
    "persisted is what the browser says, and requestPersistence its answer (%s)",
    async (granted) => {
      // Firefox asks the user, whom a test has not.
      vi.spyOn(navigator.storage, "persist").mockResolvedValue(granted);
      vi.spyOn(navigator.storage, "persisted").mockResolvedValue(granted);
      onTestFinished(() => void vi.restoreAllMocks());
      const connection = await openDatabase({ storage: "memory" });
      expect(await connection.requestPersistence()).toBe(granted);
      expect(await connection.status()).toMatchObject({ persisted: granted });
    },
  );
});

describe("the file", () => {
  test("says WAL in its header, and its -wal grows with what is appended", async () => {
    const path = freshPath();
    const store = new SQLiteContextStore(await openDatabase({ path }), "s");
    await store.append(user("first"));
    const header = await (await filesOf(path)).get(MAIN)!.slice(0, 20).arrayBuffer();
    expect([...new Uint8Array(header, 18, 2)]).toEqual([2, 2]);
    expect(new TextDecoder().decode(new Uint8Array(header, 0, 15))).toBe("SQLite format 3");

    const sizes: number[] = [];
    for (let i = 0; i < 3; i++) {
      await store.append(user(`${i}`.repeat(100_000)));
      sizes.push((await filesOf(path)).get(WAL)!.size);
    }
    expect(sizes[0]).toBeGreaterThan(0);
    expect(sizes[1]).toBeGreaterThan(sizes[0]!);
    expect(sizes[2]).toBeGreaterThan(sizes[1]!);
  });

  test("is whole in an export, though its newest rows lie in the -wal", async () => {
    const path = freshPath();
    const connection = await openDatabase({ path });
    await new SQLiteContextStore(connection, "s").append(user("only in the -wal"));
    const file = new Uint8Array(await (await connection.export()).arrayBuffer());
    expect([file[18], file[19]]).toEqual([2, 2]);
    expect(new TextDecoder("latin1").decode(file)).toContain("only in the -wal");
    expect((await filesOf(path)).get(WAL)?.size ?? 0).toBe(0);
  });

  test("takes over what lies in the -wal by itself, which does not grow without end", async () => {
    const path = freshPath();
    const store = new SQLiteContextStore(await openDatabase({ path }), "s");
    // What does not compress.
    const text = () => Array.from(crypto.getRandomValues(new Uint16Array(4000)), (word) => word.toString(36)).join("");
    let largest = 0;
    for (let round = 0; round < 12; round++) {
      await Promise.all(Array.from({ length: 128 }, () => store.append(user(text()))));
      largest = Math.max(largest, (await filesOf(path)).get(WAL)!.size);
    }
    const written = (await filesOf(path)).get(MAIN)!.size;
    expect(written).toBeGreaterThan(12 * 1024 * 1024);
    expect(largest).toBeLessThan(8 * 1024 * 1024);
  });
});

test("a database that cannot be put into WAL mode is an error, not a slower database", async () => {
  const sqlite = await loadSqlite();
  const database = new Database(sqlite, sqlite.open(":memory:", "c", "unix"));
  expect(() => enterWal(database)).toThrow(
    expect.objectContaining({ code: "unsupported", message: expect.stringContaining('"memory"') }) as Error,
  );
  database.close();
});
