import { beforeEach, describe, expect, test, vi } from "vitest";
import type { MessageRef } from "../../src/messages.js";
import type { Operations } from "../../src/operations.js";
import type { Reply } from "../../src/protocol.js";
import { Executor } from "../../worker/owner/executor.js";
import type { OwnerOperation, OwnerRequest } from "../../worker/requests.js";
import { memoryFiles, openMemoryStorage } from "../../worker/storage/memory-storage.js";
import { PoolFile } from "../../worker/vfs/pool-file.js";
import { eraseFreePages, lastPurge } from "../../worker/operations/deleted.js";
import { prepareSchema } from "../../worker/operations/schema.js";
import type { Storage } from "../../worker/storage/storage.js";

const session = { dbName: "axio_context", project: "p", sessionId: "s" };

let storage: Storage;
let executor: Executor;

beforeEach(async () => {
  storage = await openMemoryStorage();
  prepareSchema(storage);
  executor = new Executor(storage);
});

function request<Name extends OwnerOperation>(
  seq: number,
  name: Name,
  args: Parameters<Operations<string>[Name]>[0],
): OwnerRequest {
  return { seq, name, args, terms: { full: false, busyTimeout: 5000 } };
}

function append(seq: number, text: string, uid = `uid-${text}`): OwnerRequest {
  return request(seq, "append", { session, messages: [{ uid, role: "user", content: `plain:"${text}"` }] });
}

function run(client: string, unanswered: readonly number[], ...requests: readonly OwnerRequest[]): readonly Reply[] {
  return executor.execute({ client, unanswered, requests });
}

function contents(): unknown[] {
  return storage.database.rows("SELECT position, content FROM axio_context_messages ORDER BY position");
}

function value(reply: Reply | undefined): unknown {
  if (!reply?.ok) throw new Error(`rejected: ${reply?.error.message}`);
  return reply.value;
}

describe("where the record of a page's calls is damaged", () => {
  beforeEach(() => {
    run("f", [1], append(1, "a"));
    storage.database.run("DROP TABLE axio_opfs_clients");
    executor = new Executor(storage);
  });

  test("its reads and exports go on, and its writes say so", () => {
    const repeated = { ...append(1, "a"), isRepeated: true } as const;
    const replies = run(
      "f",
      [1, 2, 3, 4],
      repeated,
      append(2, "b"),
      request(3, "messages", { session, range: {} }),
      request(4, "export", {}),
    );
    expect(replies).toMatchObject([
      { ok: false, error: { outcome: "unknown" } },
      { ok: false, error: { outcome: "not-applied" } },
      { ok: true, value: [{ content: 'plain:"a"' }] },
      { ok: true, value: expect.any(Blob) as Blob },
    ]);
    expect(contents()).toEqual([[0, 'plain:"a"']]);
  });
});

describe("a prefix that nobody has written to", () => {
  const other = { ...session, dbName: "notes" };
  const names = () => storage.database.rows("SELECT name FROM sqlite_schema WHERE name LIKE 'notes%'").length;

  test("is read as empty, again and again, and leaves nothing in the file", () => {
    for (let seq = 1; seq < 4; seq++) {
      expect(run("f", [seq], request(seq, "messages", { session: other, range: {} })).map(value)).toEqual([[]]);
      expect(run("f", [seq], request(seq, "sessions", { dbName: "notes", project: "p" })).map(value)).toEqual(["[]"]);
      expect(run("f", [seq], request(seq, "tokens", { session: other })).map(value)).toEqual([
        { inputTokens: 0, outputTokens: 0 },
      ]);
      expect(names()).toBe(0);
    }
    const args = { session: other, messages: [{ uid: "u", role: "user", content: "plain:[]" }] };
    run("f", [9], request(9, "append", args));
    expect(names()).toBeGreaterThan(0);
    expect(value(run("f", [10], request(10, "messages", { session: other, range: {} }))[0])).toHaveLength(1);
  });

  test("is refused in another spelling by reads, too", () => {
    const [reply] = run("f", [1], request(1, "projects", { dbName: "AXIO_context" }));
    expect(reply).toMatchObject({ ok: false, error: { code: "invalid-argument" } });
  });
});

test("a repair is announced, also one that makes nothing but an index anew", () => {
  const heard: string[] = [];
  executor = new Executor(storage, 1, { committed: (changes) => heard.push(...changes.map(({ kind }) => kind)) });
  run("f", [1], request(1, "repair", {}));
  expect(heard).toEqual(["resync"]);
});

test("a purge is remembered until its own bytes are erased, whatever an earlier one has erased", () => {
  let seq = 0;
  const purgeNext = () => {
    run("f", [++seq], append(seq, `${seq}`));
    run("f", [++seq], request(seq, "deleteSession", { session, deletionId: `${seq}` }));
    run("f", [++seq], request(seq, "purgeDeleted", { dbName: "axio_context" }));
    return lastPurge(storage);
  };
  const [first, second] = [purgeNext(), purgeNext()];
  eraseFreePages(storage, first);
  expect(lastPurge(storage)).toBe(second);
  eraseFreePages(storage, second);
  expect(lastPurge(storage)).toBeUndefined();
});

test("what changes nothing is not announced", () => {
  const heard: string[] = [];
  executor = new Executor(storage, 1, { committed: (changes) => heard.push(...changes.map(({ kind }) => kind)) });
  run("f", [1], append(1, "a"));
  run("f", [2], append(2, "a again", "uid-a"));
  run("f", [3], request(3, "setTitle", { session: { ...session, sessionId: "none" }, title: "Nothing" }));
  run("f", [4], request(4, "clear", { session: { ...session, sessionId: "none" } }));
  expect(heard).toEqual(["append"]);
  run("f", [5, 6], append(5, "a again", "uid-a"), append(6, "b"));
  expect(heard).toEqual(["append", "append"]);
});

describe("a call whose answer was lost", () => {
  test("is answered with its first result, by the same owner and by the next", () => {
    const [first] = run("f", [1], append(1, "a"));
    const [again] = run("f", [1], append(1, "a"));
    executor = new Executor(storage);
    const [later] = run("f", [1], append(1, "a"));
    expect(value(again)).toEqual(value(first));
    expect(value(later)).toEqual(value(first));
    expect(contents()).toEqual([[0, 'plain:"a"']]);
  });

  test("does not bring back a message that another page cleared", () => {
    const [first] = run("f", [1], append(1, "a"));
    run("g", [1], request(1, "clear", { session }));
    executor = new Executor(storage);
    expect(value(run("f", [1], append(1, "a"))[0])).toEqual(value(first));
    expect(contents()).toEqual([]);
  });

  test("does not bring back a message that was cleared after the owner had died", () => {
    run("f", [1], append(1, "a"));
    executor = new Executor(storage);
    run("g", [1], request(1, "clear", { session }));
    run("f", [1], append(1, "a"));
    expect(contents()).toEqual([]);
  });

  test("does not add tokens twice, nor clear what came after it", () => {
    const add = request(1, "addTokens", { session, tokens: { inputTokens: 5, outputTokens: 7 } });
    run("f", [1], add);
    run("f", [1, 2], request(2, "clear", { session }));
    run("g", [1], append(1, "later"));
    executor = new Executor(storage);
    run("f", [1, 2], add, request(2, "clear", { session }));
    expect(contents()).toEqual([[0, 'plain:"later"']]);
    expect(value(run("g", [2], request(2, "tokens", { session }))[0])).toEqual({ inputTokens: 0, outputTokens: 0 });
  });

  test("is carried out when the first attempt had not been committed", () => {
    run("f", [1], append(1, "a"));
    executor = new Executor(storage);
    const [, second] = run("f", [1, 2], append(1, "a"), append(2, "b"));
    expect((value(second) as MessageRef[])[0]).toMatchObject({ position: 1 });
  });
});

describe("a late copy of a call that was answered", () => {
  test("is refused with an unknown outcome, however much later", () => {
    run("f", [1], append(1, "a", "u1"));
    run("f", [2], append(2, "b", "u2"));
    run("g", [1], request(1, "clear", { session }));
    const [reply] = run("f", [1], append(1, "a", "u1"));
    expect(reply).toMatchObject({ ok: false, error: { outcome: "unknown" } });
    executor = new Executor(storage);
    expect(run("f", [1], append(1, "a", "u1"))[0]).toMatchObject({ ok: false, error: { outcome: "unknown" } });
    expect(contents()).toEqual([]);
  });

  test("does not make the ledger forget the calls that are still open", () => {
    run("f", [1, 2], append(1, "a"), append(2, "b"));
    const [third] = run("f", [2, 3], append(3, "c"));
    run("f", [1, 2], append(1, "a"), append(2, "b"));
    expect(value(run("f", [3], append(3, "c"))[0])).toEqual(value(third));
    expect(contents()).toHaveLength(3);
  });
});

describe("calls that travel together", () => {
  test("are all or nothing each: one that fails takes no other with it", () => {
    run("f", [1], append(1, "a"));
    const replies = run("f", [2, 3, 4], append(2, "b"), request(3, "fork", { session, target: "s" }), append(4, "c"));
    expect(replies.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(replies[1]).toMatchObject({ error: { code: "conflict", outcome: "not-applied" } });
    expect(contents()).toHaveLength(3);
  });

  test("see the writes before them in the same batch", () => {
    const [, history] = run("f", [1, 2], append(1, "a"), request(2, "messages", { session, range: {} }));
    expect(value(history)).toMatchObject([{ position: 0, content: 'plain:"a"' }]);
  });

  test("see nothing of those behind them, where one of these is refused", () => {
    const numbers = [1, 2, 3, 4, 5] as const;
    const read = (seq: number) => request(seq, "messages", { session, range: {} });
    const refused = request(5, "fork", { session, target: "s" });
    const replies = run("f", numbers, read(1), append(2, "a"), read(3), append(4, "b"), refused);
    expect(replies.map(({ ok }) => ok)).toEqual([true, true, true, true, false]);
    expect([replies[0], replies[2]].map(value)).toMatchObject([[], [{ content: 'plain:"a"' }]]);
    expect(contents()).toHaveLength(2);
  });

  test("are all rejected when the commit fails, and leave nothing", () => {
    const { database } = storage;
    database.exec("CREATE TABLE parent(id INTEGER PRIMARY KEY)");
    database.exec("CREATE TABLE child(id REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)");
    database.exec("PRAGMA foreign_keys=ON");
    database.exec(
      "CREATE TEMP TRIGGER fail AFTER INSERT ON main.axio_context_messages BEGIN INSERT INTO child VALUES (7); END",
    );
    const replies = run("f", [1, 2], append(1, "a"), append(2, "b"));
    expect(replies.map(({ ok }) => ok)).toEqual([false, false]);
    database.exec("DROP TRIGGER temp.fail");
    expect(contents()).toEqual([]);
    expect(run("f", [3], append(3, "c"))[0]).toMatchObject({ ok: true });
  });
});

test("a message whose uid the session has is not written again, whoever sends it", () => {
  const [first] = run("f", [1], append(1, "a", "same"));
  run("f", [2], append(2, "b"));
  const [again] = run("g", [1], append(1, "something else", "same"));
  expect(value(again)).toEqual(value(first));
  expect(contents()).toHaveLength(2);
});

test("the ledger holds nothing of a page but the calls that it still waits for", () => {
  for (let seq = 1; seq <= 50; seq++) run("f", [seq], append(seq, `m${seq}`));
  const state = String(storage.database.value("SELECT state FROM axio_opfs_clients WHERE client = 'f'"));
  expect(JSON.parse(state)).toMatchObject([50, [50], [[50, [{ position: 49 }]]]]);
});

describe("a write that shall be flushed, where the device fails", () => {
  const terms = { full: true, busyTimeout: 5000 };

  test("is of unknown end: a death brings it back", async () => {
    const files = memoryFiles();
    storage = await openMemoryStorage(files);
    prepareSchema(storage);
    executor = new Executor(storage);
    run("f", [1], { ...append(1, "a"), terms });
    const flush = vi.spyOn(PoolFile.prototype, "flush").mockImplementationOnce(() => {
      throw new Error("the device is gone");
    });
    const [reply] = run("f", [2], { ...append(2, "b"), terms });
    flush.mockRestore();
    expect(reply).toMatchObject({ ok: false, error: { code: "corrupt", outcome: "unknown" } });
    expect(contents()).toEqual([[0, 'plain:"a"']]);
    storage = await openMemoryStorage(files);
    expect(contents()).toHaveLength(2);
    // Made again, it is there once.
    executor = new Executor(storage);
    expect(run("f", [2], { ...append(2, "b"), terms })).toMatchObject([{ ok: true }]);
    expect(contents()).toEqual([
      [0, 'plain:"a"'],
      [1, 'plain:"b"'],
    ]);
  });

  test("and made again by the same worker is there once", () => {
    const flush = vi.spyOn(PoolFile.prototype, "flush").mockImplementationOnce(() => {
      throw new Error("the device is gone");
    });
    const [failed] = run("f", [1], { ...append(1, "a"), terms });
    flush.mockRestore();
    expect(failed).toMatchObject({ ok: false, error: { outcome: "unknown" } });
    expect(run("f", [1], { ...append(1, "a"), terms })).toMatchObject([{ ok: true }]);
    expect(contents()).toEqual([[0, 'plain:"a"']]);
  });
});
