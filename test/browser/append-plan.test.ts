import { afterEach, expect, test, vi } from "vitest";
import type { Database } from "../../worker/sqlite/database.js";
import { user } from "../fixtures/messages.js";
import { openMemoryDatabase, SESSION } from "../fixtures/memory-database.js";

afterEach(() => {
  vi.useRealTimers();
});

/** The SQL of everything that runs while `work` does. */
function recorded(database: Database, work: () => void): string[] {
  const seen = new Set<string>();
  const run = vi.spyOn(database, "run");
  const rows = vi.spyOn(database, "rows");
  const exec = vi.spyOn(database, "exec");
  work();
  for (const { mock } of [run, rows, exec]) for (const [sql] of mock.calls) seen.add(sql);
  vi.restoreAllMocks();
  return [...seen];
}

/** The steps of the statement's plan that read a table or an index from one end to the other. */
function scans(database: Database, sql: string): string[] {
  const plan = database.rows(`EXPLAIN QUERY PLAN ${sql}`).map((row) => row[3] as string);
  return plan.filter((step) => step.startsWith("SCAN") && step !== "SCAN CONSTANT ROW");
}

test("no statement on the path of an append scans", async () => {
  const { storage, append, call } = await openMemoryDatabase();
  const { database } = storage;
  for (let i = 0; i < 300; i++) append(user(String(i)), { ...SESSION, sessionId: `s${i % 7}` });
  const message = { uid: "same", role: "user", content: 'plain:[{"type":"text","text":"a"}]', preview: "a" };
  const statements = recorded(database, () => {
    append(user("one"));
    call("append", { session: SESSION, messages: [message, { ...message, uid: "other", metadata: "{}" }] });
    // The same uid again takes the way of a message that is there already.
    call("append", { session: SESSION, messages: [message] });
    call("append", { session: { ...SESSION, project: "another" }, messages: [message] });
    call("append", { session: SESSION, messages: [message] });
    call("addTokens", { session: SESSION, tokens: { inputTokens: 1, outputTokens: 1 } });
    call("setTokens", { session: SESSION, tokens: { inputTokens: 1, outputTokens: 1 } });
  });
  expect(statements.filter((sql) => /INSERT INTO "axio_context_messages"/.test(sql))).toHaveLength(1);
  expect(statements.filter((sql) => /axio_opfs_clients/.test(sql)).length).toBeGreaterThan(0);
  const found = statements.map((sql) => [sql, scans(database, sql)] as const).filter(([, steps]) => steps.length > 0);
  expect(found).toEqual([]);
});

test("an append runs the same statements, as often, however long the history is", async () => {
  // The first one in another second writes the session's time, too.
  vi.useFakeTimers({ toFake: ["Date"] });
  const { storage, append } = await openMemoryDatabase();
  const count = () => {
    const run = vi.spyOn(storage.database, "run");
    const rows = vi.spyOn(storage.database, "rows");
    append(user("one more"));
    const calls = [...run.mock.calls, ...rows.mock.calls].map(([sql]) => sql);
    vi.restoreAllMocks();
    return calls;
  };
  append(user("first"));
  const short = count();
  for (let i = 0; i < 1000; i++) append(user(String(i)));
  expect(count()).toEqual(short);
});

test("the statements of the whole connection are prepared once", async () => {
  const { storage, append } = await openMemoryDatabase();
  append(user("first"));
  const before = storage.database.statements;
  for (let i = 0; i < 100; i++) append(user(String(i)));
  expect(storage.database.statements).toEqual(before);
});

test("an append of several messages of which one cannot be stored stores none", async () => {
  const { call } = await openMemoryDatabase();
  const good = { uid: "good", role: "user", content: "plain:[]", preview: "" };
  const bad = { uid: "bad", role: "user", content: null as unknown as string };
  expect(() => call("append", { session: SESSION, messages: [good, bad] })).toThrow(/NOT NULL/);
  expect(call("messages", { session: SESSION, range: {} })).toEqual([]);
  expect(call("sessions", { dbName: SESSION.dbName, project: SESSION.project })).toBe("[]");
});

test("an operation that fails takes nothing from those committed with it", async () => {
  const { executor, call } = await openMemoryDatabase();
  const append = (seq: number, content: string | null) => ({
    seq,
    name: "append" as const,
    args: { session: SESSION, messages: [{ uid: `u${seq}`, role: "user", content: content! }] },
    terms: { full: false, busyTimeout: 5000 },
  });
  const requests = [append(101, "plain:[]"), append(102, null), append(103, "plain:[]")];
  const replies = executor.execute({ client: "other", unanswered: [101, 102, 103], requests });
  expect(replies.map(({ ok }) => ok)).toEqual([true, false, true]);
  expect(call("messages", { session: SESSION, range: {} })).toMatchObject([{ position: 0 }, { position: 1 }]);
});

test("no statement that concerns one session reads the others of its project", async () => {
  const { storage, append, call } = await openMemoryDatabase();
  const { database } = storage;
  for (let i = 0; i < 300; i++) append(user(String(i)), { ...SESSION, sessionId: `s${i % 7}` });
  append(user("mine"));
  const statements = recorded(database, () => {
    call("messages", { session: SESSION, range: {} });
    call("fork", { session: SESSION, target: "fork" });
    call("setTitle", { session: SESSION, title: "title" });
    call("deleteSession", { session: SESSION, deletionId: "deletion" });
    call("restoreSession", { session: SESSION, deletionId: "deletion" });
    call("clear", { session: SESSION });
  });
  const found = statements
    .filter((sql) => /axio_context_(?:messages|sessions|tokens|deleted)/.test(sql))
    .map((sql) => database.rows(`EXPLAIN QUERY PLAN ${sql}`).map((row) => row[3] as string))
    .flatMap((plan) => plan.filter((step) => /\(project=\?\)|SCAN axio_context_(?!parts)/.test(step)));
  expect(statements.length).toBeGreaterThan(15);
  expect(found).toEqual([]);
});

test("no statement is prepared anew each time it runs", async () => {
  const { storage, append, call } = await openMemoryDatabase();
  const { dbName, project } = SESSION;
  for (let round = 0; round < 10; round++) {
    append(user(String(round)));
    call("messages", { session: SESSION, range: {} });
    call("messages", { session: SESSION, range: { last: 5 } });
    for (const orderBy of ["created", "updated"] as const) call("sessions", { dbName, project, range: { orderBy } });
    call("tokens", { session: SESSION });
  }
  const run = storage.database.rows("SELECT sql, reprep FROM sqlite_stmt WHERE run >= 10");
  expect(run.length).toBeGreaterThan(8);
  // Once, when the schema has changed.
  expect(run.filter(([, reprep]) => Number(reprep) > 1)).toEqual([]);
});
