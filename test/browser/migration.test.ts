import { beforeEach, describe, expect, test } from "vitest";
import { connect, SQLiteContextStore } from "../../src/index.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import { type Migration, prepareSchema, schemaVersion } from "../../worker/operations/schema.js";
import type { Storage } from "../../worker/storage/storage.js";
import { assistant, user, words } from "../fixtures/messages.js";
import type { MigrationOrder, MigrationResult } from "../fixtures/migration-worker.js";
import { BACKUP, filesOf } from "../fixtures/pool.js";
import { readByPython } from "../fixtures/python.js";

const ADD = { version: 2, sql: 'ALTER TABLE axio_context_messages ADD COLUMN "second" TEXT' };
const FILL = { version: 3, sql: "UPDATE axio_context_messages SET second = 'filled', role = 'user'" };
const BROKEN = { version: 4, sql: "DELETE FROM axio_context_messages; SELECT no_such_function()" };

function migrate(order: MigrationOrder): Promise<MigrationResult> {
  const worker = new Worker(new URL("../fixtures/migration-worker.ts", import.meta.url), { type: "module" });
  return new Promise<MigrationResult>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<MigrationResult>) => resolve(data));
    worker.addEventListener("error", ({ message }) => reject(new Error(message)));
    worker.postMessage(order);
  }).finally(() => worker.terminate());
}

describe("a migration on OPFS", () => {
  let path: string;

  beforeEach(async () => {
    path = freshPath();
    const connection = await connect(path);
    await new SQLiteContextStore(connection, "s").appendAll([user("one"), assistant("two")]);
    await connection.close();
  });

  test("takes a file through all versions that it lacks, and no others", async () => {
    const never = { version: 1, sql: "DROP TABLE axio_context_messages" };
    const result = await migrate({ path, steps: [never, ADD, FILL] });
    expect(result).toMatchObject({ version: 3, rows: 2, transactions: [true, true] });
    expect(result.error).toBeUndefined();
    expect(result.schema.join()).toContain('"second"');
    expect((await migrate({ path, steps: [never, ADD, FILL] })).transactions).toEqual([]);
    expect([...(await filesOf(path)).keys()]).not.toContain(BACKUP);
  });

  test("that fails leaves the file as it was, and the copy beside it", async () => {
    const before = await migrate({ path, steps: [] });
    const failed = await migrate({ path, steps: [ADD, FILL, BROKEN] });
    expect(failed.error?.message).toContain("no_such_function");
    expect({ ...failed, error: undefined, transactions: [] }).toEqual({ ...before, error: undefined });
    const copy = (await filesOf(path)).get(BACKUP);
    const { rows, integrity } = await readByPython(new Blob([copy!]));
    expect(integrity).toEqual(["ok"]);
    expect(rows.map(({ role }) => role)).toEqual(["user", "assistant"]);
    const store = new SQLiteContextStore(await openDatabase({ path }), "s");
    expect(words(await store.getHistory())).toEqual(["one", "two"]);
  });

  test("that fails can be repeated by a version that has it right, which takes the copy away", async () => {
    await migrate({ path, steps: [ADD, BROKEN] });
    const result = await migrate({ path, steps: [ADD, FILL] });
    expect(result).toMatchObject({ version: 3, rows: 2 });
    expect([...(await filesOf(path)).keys()]).not.toContain(BACKUP);
  });

  test("does not touch a file that a newer version wrote: connect rejects it", async () => {
    const refused = await migrate({ path, steps: [ADD], pretend: 99 });
    expect(refused.error).toMatchObject({ code: "newer-schema", message: expect.stringContaining("99") });
    expect(refused.schema.join()).not.toContain('"second"');
    const { message } = await rejection(connect(path), "newer-schema");
    expect(message).toContain("99");
    expect((await migrate({ path, steps: [], pretend: 1 })).rows).toBe(2);
    const store = new SQLiteContextStore(await openDatabase({ path }), "s");
    expect(words(await store.getHistory())).toEqual(["one", "two"]);
  });
});

/** A storage in memory that writes down when a copy is made and dropped, and what the file looked like then. */
async function watched(): Promise<{ storage: Storage; log: string[] }> {
  const memory = await openMemoryStorage();
  const log: string[] = [];
  const storage: Storage = {
    ...memory,
    makeBackup: () => void log.push(`copy of ${schemaVersion(memory.database)}`),
    dropBackup: () => void log.push(`drop at ${schemaVersion(memory.database)}, ${memory.database.inTransaction}`),
  };
  prepareSchema(storage);
  return { storage, log };
}

describe("the order of a migration", () => {
  const step = (version: number, log: string[], fail = false): Migration => ({
    version,
    run(db) {
      log.push(`step ${version}, ${db.inTransaction}`);
      if (fail) throw new Error("broken");
    },
  });

  test("a new file needs neither a copy nor a step", async () => {
    const { log } = await watched();
    expect(log).toEqual([]);
  });

  test("the copy is made before the first step, and dropped after the last has been committed", async () => {
    const { storage, log } = await watched();
    prepareSchema(storage, [step(2, log), step(3, log)]);
    expect(log).toEqual(["copy of 1", "step 2, true", "step 3, true", "drop at 3, false"]);
  });

  test("the copy stays when a step fails, and no step is kept", async () => {
    const { storage, log } = await watched();
    expect(() => prepareSchema(storage, [step(2, log), step(3, log, true)])).toThrow("broken");
    expect(log).toEqual(["copy of 1", "step 2, true", "step 3, true"]);
    expect(schemaVersion(storage.database)).toBe(1);
    expect(storage.database.inTransaction).toBe(false);
  });

  test("nothing is migrated when no copy can be made", async () => {
    const { storage, log } = await watched();
    const full: Storage = {
      ...storage,
      makeBackup() {
        throw new Error("the disk is full");
      },
    };
    expect(() => prepareSchema(full, [step(2, log)])).toThrow("the disk is full");
    expect(log).toEqual([]);
    expect(schemaVersion(storage.database)).toBe(1);
  });
});
