import { describe, expect, test, vi } from "vitest";
import { type Connection, type SessionInfo, SQLiteContextStore } from "../../src/index.js";
import { openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { type MemoryDatabase, openMemoryDatabase } from "../fixtures/memory-database.js";
import { assistant, user } from "../fixtures/messages.js";
import { changeByPython, readByPython } from "../fixtures/python.js";
import { type ListText, readList, type SessionEntry } from "../../src/operations.js";
import { sessionInfo } from "../../src/session-info.js";
import { tables } from "../../worker/sql/tables.js";

type Order = "created" | "updated";

const PAGE = 50;

/** Sessions without messages behind them, many of them made or changed in the same second. */
async function withSessions(count: number): Promise<MemoryDatabase> {
  const opened = await openMemoryDatabase();
  opened.storage.database.run(
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
    INSERT INTO axio_context_sessions(session_id, project, message_count, created_at, updated_at)
    SELECT hex(randomblob(4)) || i, iif(i % 10, 'p', 'q'), 1 + i % 7,
      datetime('2026-01-01', '+' || (i * 7919 % 1000) || ' seconds'),
      datetime('2026-02-01', '+' || (i * 104729 % 1000) || ' seconds') FROM n`,
    count,
  );
  opened.storage.database.run(
    `INSERT INTO axio_context_tokens SELECT session_id, project, 1, 2 FROM axio_context_sessions WHERE message_count = 3`,
  );
  return opened;
}

function page({ call }: MemoryDatabase, orderBy: Order, after?: SessionInfo): readonly SessionInfo[] {
  const last = after && { time: after[`${orderBy}At`], sessionId: after.sessionId };
  const range = { orderBy, limit: PAGE, after: last };
  const list = readList(call("sessions", { dbName: "axio_context", project: "p", range }) as ListText<SessionEntry>);
  return list.map((entry) => sessionInfo("p", entry));
}

function allPages(opened: MemoryDatabase, orderBy: Order): SessionInfo[] {
  const all: SessionInfo[] = [];
  for (let next = page(opened, orderBy); next.length > 0; next = page(opened, orderBy, all.at(-1))) all.push(...next);
  return all;
}

describe.each(["created", "updated"] as const)("pages of the list by time %s", (orderBy) => {
  test.each([100, 10_000])("hold every one of %i sessions once, newest first", async (count) => {
    const opened = await withSessions(count);
    const time = `${orderBy}_at`;
    const expected = opened.storage.database.rows(
      `SELECT session_id FROM axio_context_sessions WHERE project = 'p' ORDER BY ${time} DESC, session_id DESC`,
    );
    expect(allPages(opened, orderBy).map(({ sessionId }) => [sessionId])).toEqual(expected);
  });

  test.each([100, 10_000])(
    "are read from an index, without a scan or a sort, one statement each (%i)",
    async (count) => {
      const opened = await withSessions(count);
      const { database } = opened.storage;
      // As it would be after a long time.
      database.exec("ANALYZE");
      const first = page(opened, orderBy);
      const rows = vi.spyOn(database, "rows");
      page(opened, orderBy);
      page(opened, orderBy, first.at(-1));
      const statements = rows.mock.calls.map(([sql]) => sql).filter((sql) => sql.includes("SELECT"));
      vi.restoreAllMocks();
      expect(statements).toHaveLength(2);
      for (const sql of statements) {
        const steps = database.rows(`EXPLAIN QUERY PLAN ${sql}`).map((row) => String(row[3]));
        // The page's rows, and what makes one text of them.
        expect(steps[0]).toBe("CO-ROUTINE (subquery-1)");
        expect(steps[1]).toContain(`SEARCH s USING INDEX idx_axio_context_sessions_${orderBy}`);
        expect(steps.filter((step) => /SCAN|TEMP B-TREE/.test(step))).toEqual(["SCAN (subquery-1)"]);
      }
      const [, searched] = database.rows(`EXPLAIN QUERY PLAN ${statements[1]!}`).map((row) => String(row[3]));
      expect(searched).toContain(`(project=? AND (${orderBy}_at,session_id)<(?,?))`);
    },
  );

  test("go on behind a session that has gone meanwhile", async () => {
    const opened = await withSessions(200);
    const [first, second] = [page(opened, orderBy), allPages(opened, orderBy)];
    const { sessionId, project } = first.at(-1)!;
    opened.storage.database.run(tables("axio_context").deleteSummary, sessionId, project);
    expect(page(opened, orderBy, first.at(-1))).toEqual(second.slice(PAGE, 2 * PAGE));
  });
});

describe("listSessions", () => {
  async function backdate(connection: Connection, ...times: readonly (readonly [session: string, time: string])[]) {
    const changes = times.map(
      ([session, time]) =>
        ["UPDATE axio_context_messages SET created_at = ? WHERE session_id = ?", time, session] as const,
    );
    await connection.import(await changeByPython(await connection.export(), ...changes), { mode: "replace" });
  }

  test("orders by the first or by the last message, in pages", async () => {
    const connection = await openDatabase();
    const on = (id: string) => new SQLiteContextStore(connection, id, { project: "p" });
    for (const id of ["a", "b", "c"]) await on(id).append(user(id));
    await new SQLiteContextStore(connection, "other", { project: "q" }).append(user("not this"));
    await backdate(
      connection,
      ["a", "2026-01-03 00:00:00"],
      ["b", "2026-01-01 00:00:00"],
      ["c", "2026-01-02 00:00:00"],
    );
    await on("b").append(assistant("again"));
    const ids = (list: readonly SessionInfo[]) => list.map(({ sessionId }) => sessionId);
    expect(ids(await on("x").listSessions())).toEqual(["a", "c", "b"]);
    expect(ids(await on("x").listSessions({ orderBy: "updated" }))).toEqual(["b", "a", "c"]);
    const [first] = await on("x").listSessions({ limit: 1, orderBy: "updated" });
    expect(ids(await on("x").listSessions({ after: first, orderBy: "updated" }))).toEqual(["a", "c"]);
    expect(ids(await on("x").listSessions({ after: first, limit: 1, orderBy: "updated" }))).toEqual(["a"]);
    expect(ids(await on("x").listSessions({ limit: 0 }))).toEqual([]);
    expect(ids(await on("x").listSessions({ limit: undefined, after: undefined, orderBy: undefined }))).toHaveLength(3);
  });

  test("counts what Python wrote", async () => {
    const connection = await openDatabase();
    const store = new SQLiteContextStore(connection, "s", { project: "p" });
    await store.append(user("one"));
    const file = await changeByPython(
      await connection.export(),
      [
        "INSERT INTO axio_context_messages(session_id, project, position, role, content) VALUES ('s', 'p', 1, 'user', '[]')",
      ],
      [
        "INSERT INTO axio_context_messages(session_id, project, position, role, content) VALUES ('t', 'p', 0, 'user', '[]')",
      ],
    );
    await connection.import(file);
    const counts = (await store.listSessions()).map(({ sessionId, messageCount }) => [sessionId, messageCount]);
    expect(Object.fromEntries(counts)).toEqual({ s: 2, t: 1 });
  });

  const database = sharedDatabase({ storage: "memory" });

  test.each([
    { limit: -1 },
    { limit: 0.5 },
    { limit: "5" },
    { orderBy: "title" },
    { orderBy: null },
    { after: {} },
    { after: "s" },
    { after: { sessionId: "s", createdAt: 5 } },
  ])("refuses %j", async (options) => {
    const store = new SQLiteContextStore(await database(), "s");
    expect((await rejection(store.listSessions(options as never), "invalid-argument")).outcome).toBe("not-applied");
  });
});

describe("setTitle", () => {
  test("names a session until it is given no title; times and messages stay", async () => {
    const connection = await openDatabase();
    const store = new SQLiteContextStore(connection, "s", { project: "p" });
    const other = new SQLiteContextStore(connection, "s", { project: "q" });
    await store.append(user("one"));
    await other.append(user("other"));
    const [before] = await store.listSessions();
    expect(before).not.toHaveProperty("title");
    await store.setTitle("Trip to Ουλάν Μπατόρ 🐫");
    expect(await store.listSessions()).toEqual([{ ...before, title: "Trip to Ουλάν Μπατόρ 🐫" }]);
    expect((await other.listSessions())[0]).not.toHaveProperty("title");
    await store.append(assistant("two"));
    expect(await store.listSessions()).toMatchObject([{ title: "Trip to Ουλάν Μπατόρ 🐫", messageCount: 2 }]);
    const { sessions } = await readByPython(await connection.export());
    expect(sessions["p"]).toHaveLength(1);
    await store.setTitle(undefined);
    expect((await store.listSessions())[0]).not.toHaveProperty("title");
  });

  test("is heard by those who listen", async () => {
    const store = new SQLiteContextStore(await openDatabase(), "s", { project: "p" });
    await store.append(user("one"));
    const heard = new Promise((resolve) => store.subscribe(resolve));
    await store.setTitle("Named");
    expect(await heard).toMatchObject({ kind: "session", project: "p", sessionId: "s", local: true });
  });

  test("goes with the messages: a session that was cleared has no title when it begins again", async () => {
    const store = new SQLiteContextStore(await openDatabase(), "s");
    await store.append(user("one"));
    await store.setTitle("Old");
    await store.clear();
    await store.append(user("new"));
    expect((await store.listSessions())[0]).not.toHaveProperty("title");
  });

  test("rejects not-found for a session without messages, and leaves none behind", async () => {
    const store = new SQLiteContextStore(await openDatabase(), "s");
    const error = await rejection(store.setTitle("Nothing"), "not-found");
    expect(error.outcome).toBe("not-applied");
    expect(await store.listSessions()).toEqual([]);
  });

  const database = sharedDatabase({ storage: "memory" });

  test.each(["", "x".repeat(513), "\ud800", "a\u0000b", 5, null, {}])("refuses %j", async (title) => {
    const store = new SQLiteContextStore(await database(), "s", { project: "titles" });
    await store.append(user("one"));
    await store.setTitle("kept");
    await rejection(store.setTitle(title as string), "invalid-argument");
    expect(await store.listSessions()).toMatchObject([{ title: "kept" }]);
  });
});
