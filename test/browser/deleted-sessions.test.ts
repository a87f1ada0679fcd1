import { describe, expect, test } from "vitest";
import { type Connection, type ContextChange, type DeletedSession, SQLiteContextStore } from "../../src/index.js";
import { openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { golden } from "../fixtures/golden.js";
import { assistant, everyBlock, user, words } from "../fixtures/messages.js";
import { readByPython } from "../fixtures/python.js";
import { snapshot } from "../fixtures/snapshots.js";

function on(connection: Connection, sessionId = "s", project = "p"): SQLiteContextStore {
  return new SQLiteContextStore(connection, sessionId, { project });
}

/** Two projects that share a session id, their messages between each other's. */
async function shared(connection: Connection): Promise<[SQLiteContextStore, SQLiteContextStore]> {
  const [p, q] = [on(connection, "s", "p"), on(connection, "s", "q")];
  for (const [store, text] of [
    [p, "p0"],
    [q, "q0"],
    [q, "q1"],
    [p, "p1"],
    [q, "q2"],
    [p, "p2"],
  ] as const) {
    await store.append(user(text));
  }
  return [p, q];
}

async function positions(connection: Connection): Promise<(readonly [string, number])[]> {
  const { rows } = await readByPython(await connection.export());
  return rows.map(({ project, position }) => [project, position] as const);
}

/** A session of every kind of row, with everything that belongs to one. */
async function full(connection: Connection): Promise<SQLiteContextStore> {
  const parent = on(connection, "parent");
  await parent.appendAll(everyBlock());
  const store = await parent.fork({ upTo: 3, sessionId: "s" });
  await store.append(user("x".repeat(5000)), { metadata: { from: "test" }, uid: "own" });
  await store.setContextTokens(7, 8);
  await store.setTitle("Kept");
  await on(connection, "t").append(user("another"));
  return store;
}

async function onlyDeleted(connection: Connection): Promise<DeletedSession> {
  const found = await connection.listDeletedSessions();
  expect(found).toHaveLength(1);
  return found[0]!;
}

describe("a deleted session", () => {
  test("is out of sight, also of Python, and listed among the deleted", async () => {
    const connection = await openDatabase();
    const store = await full(connection);
    const info = (await store.listSessions()).find(({ sessionId }) => sessionId === "s");
    await store.deleteSession();
    expect(await store.getHistory()).toEqual([]);
    expect(await store.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect((await store.listSessions()).map(({ sessionId }) => sessionId).sort()).toEqual(["parent", "t"]);
    const { rows, sessions, tokens, schema_differences, integrity } = await readByPython(await connection.export());
    expect(rows.filter(({ session_id }) => session_id === "s")).toEqual([]);
    expect(sessions["p"]).toHaveLength(2);
    expect(tokens).toEqual([]);
    expect([schema_differences, integrity]).toEqual([[], ["ok"]]);
    expect(await connection.listDeletedSessions()).toEqual([
      {
        ...info,
        dbName: "axio_context",
        deletionId: expect.any(String),
        deletedAt: expect.stringMatching(/^\d{4}-.{14}$/),
      },
    ]);
    expect(await connection.listDeletedSessions({ dbName: "notes" })).toEqual([]);
  });

  test("comes back as it was: rows, ids, uids, times, bytes, tokens, title and lineage", async () => {
    const connection = await openDatabase();
    const store = await full(connection);
    const [before, messages] = [await snapshot(connection), await store.getMessages()];
    await store.deleteSession();
    expect(await snapshot(connection)).not.toEqual(before);
    await on(connection, "u").append(user("meanwhile"));
    await on(connection, "u").clear();
    await connection.restoreSession(await onlyDeleted(connection));
    expect(await snapshot(connection)).toEqual(before);
    expect(await store.getMessages()).toEqual(messages);
    expect(await connection.listDeletedSessions()).toEqual([]);
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
    await store.append(user("once"), { uid: "own" });
    expect(await store.getMessages()).toEqual(messages);
  });

  test("comes back with the rows that Python and others wrote, byte for byte", async () => {
    const connection = await openDatabase();
    await connection.import(await golden("legacy.db"));
    const before = await snapshot(connection);
    const deleted: DeletedSession[] = [];
    for (const { project } of await connection.listProjects()) {
      for (const { sessionId } of await on(connection, "any", project).listSessions()) {
        await on(connection, sessionId, project).deleteSession();
      }
    }
    deleted.push(...(await connection.listDeletedSessions()));
    expect(deleted.length).toBeGreaterThan(1);
    expect(await connection.listProjects()).toEqual([]);
    for (const session of deleted) await connection.restoreSession(session);
    expect(await snapshot(connection)).toEqual(before);
  });

  test("leaves the rows of another project under the same id dense, and comes back between them", async () => {
    const connection = await openDatabase();
    const [p, q] = await shared(connection);
    const before = await positions(connection);
    await p.deleteSession();
    expect(await positions(connection)).toEqual([0, 1, 2].map((position) => ["q", position]));
    expect(words(await q.getHistory())).toEqual(["q0", "q1", "q2"]);
    await connection.restoreSession(await onlyDeleted(connection));
    expect(await positions(connection)).toEqual(before);
    expect(words(await p.getHistory())).toEqual(["p0", "p1", "p2"]);
    expect(words(await q.getHistory())).toEqual(["q0", "q1", "q2"]);
  });

  test.each(["cleared", "grown", "deleted"])(
    "comes back dense when the other project was %s meanwhile",
    async (how) => {
      const connection = await openDatabase();
      const [p, q] = await shared(connection);
      await p.deleteSession();
      const deleted = await onlyDeleted(connection);
      if (how === "cleared") await q.clear();
      if (how === "grown") await q.appendAll([user("q3"), user("q4")]);
      if (how === "deleted") await q.deleteSession();
      const history = words(await q.getHistory());
      await connection.restoreSession(deleted);
      if (how === "deleted")
        for (const session of await connection.listDeletedSessions()) await connection.restoreSession(session);
      expect(words(await p.getHistory())).toEqual(["p0", "p1", "p2"]);
      expect(words(await q.getHistory())).toEqual(how === "deleted" ? ["q0", "q1", "q2"] : history);
      expect((await positions(connection)).map(([, position]) => position)).toEqual([
        ...(await positions(connection)).keys(),
      ]);
      expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
      await p.append(user("p3"));
      expect(words(await p.getHistory())).toEqual(["p0", "p1", "p2", "p3"]);
    },
  );

  test("is not restored over a session that has its id again, but beside it in time", async () => {
    const connection = await openDatabase();
    const store = on(connection);
    await store.append(user("first"));
    await store.deleteSession();
    await store.append(assistant("second"));
    const first = await onlyDeleted(connection);
    const before = await snapshot(connection);
    const error = await rejection(connection.restoreSession(first), "conflict");
    expect(error.outcome).toBe("not-applied");
    expect(await snapshot(connection)).toEqual(before);
    await store.deleteSession();
    const both = await connection.listDeletedSessions();
    expect(new Set(both.map(({ deletionId }) => deletionId)).size).toBe(2);
    expect(both.map(({ preview }) => preview)).toEqual(["(no preview)", "first"]);
    await connection.restoreSession(first);
    expect(words(await store.getHistory())).toEqual(["first"]);
    await store.deleteSession();
    await connection.restoreSession(both[0]!);
    expect(words(await store.getHistory())).toEqual(["second"]);
  });

  test("is there no more once it was restored or purged", async () => {
    const connection = await openDatabase();
    const store = on(connection);
    await store.append(user("first"));
    await store.deleteSession();
    const deleted = await onlyDeleted(connection);
    await connection.restoreSession(deleted);
    await rejection(connection.restoreSession(deleted), "not-found");
    await store.deleteSession();
    const again = await onlyDeleted(connection);
    expect(await connection.purgeDeleted({ dbName: "notes" })).toBe(0);
    expect(await connection.purgeDeleted({ olderThan: new Date(Date.now() - 60_000) })).toBe(0);
    expect(await connection.purgeDeleted({ olderThan: new Date() })).toBe(1);
    await rejection(connection.restoreSession(again), "not-found");
    expect(await connection.purgeDeleted()).toBe(0);
    await store.append(user("second"));
    // Also not under the name of another session.
    await store.deleteSession();
    await rejection(connection.restoreSession({ ...(await onlyDeleted(connection)), sessionId: "t" }), "not-found");
    expect(words(await on(connection, "t").getHistory())).toEqual([]);
  });

  test("is spared by a purge that was called before, also while that waits for an export", async () => {
    const connection = await openDatabase();
    const [early, late, last] = ["early", "late", "last"].map((sessionId) => on(connection, sessionId));
    for (const store of [early, late, last]) await store!.append(user("kept"));
    await early!.deleteSession();
    const purged = connection.purgeDeleted();
    await late!.deleteSession();
    const exported = connection.export();
    const purgedAgain = connection.purgeDeleted({ dbName: "axio_context" });
    const deleted = last!.deleteSession();
    expect([await purged, await purgedAgain]).toEqual([1, 1]);
    await Promise.all([exported, deleted]);
    await connection.restoreSession(await onlyDeleted(connection));
    expect(words(await last!.getHistory())).toEqual(["kept"]);
  });

  test("without messages leaves nothing to restore, and no token counts", async () => {
    const connection = await openDatabase();
    const store = on(connection);
    await store.setContextTokens(1, 2);
    await store.deleteSession();
    await store.deleteSession();
    expect(await store.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect(await connection.listDeletedSessions()).toEqual([]);
  });

  test("comes back without the token counts that its id has got since", async () => {
    const connection = await openDatabase();
    const store = on(connection);
    await store.append(user("uncounted"));
    await store.deleteSession();
    await store.setContextTokens(1, 2);
    await connection.restoreSession(await onlyDeleted(connection));
    expect(await store.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
  });

  test("is heard of by those who listen, as is its return; purging is not", async () => {
    const connection = await openDatabase();
    const store = on(connection);
    const heard: ContextChange[] = [];
    store.subscribe((change) => heard.push(change));
    await store.append(user("first"));
    await store.deleteSession();
    await connection.restoreSession(await onlyDeleted(connection));
    await store.deleteSession();
    await connection.purgeDeleted();
    await store.append(user("second"));
    await expect.poll(() => heard.length).toBe(5);
    expect(heard.map(({ kind }) => kind)).toEqual(["append", "delete", "restore", "delete", "append"]);
    expect(heard.every(({ project, sessionId }) => project === "p" && sessionId === "s")).toBe(true);
  });

  test("is no part of what a file brings, and an import does not touch those that are here", async () => {
    const [connection, other] = await Promise.all([openDatabase(), openDatabase({ storage: "memory" })]);
    for (const store of [on(connection), on(connection, "t")]) await store.append(user("one"));
    await on(connection).deleteSession();
    const file = await connection.export();
    expect(await other.import(file)).toMatchObject({ sessionsAdded: 1, ignoredTables: [] });
    expect(await other.listDeletedSessions()).toEqual([]);
    await connection.import(file, { mode: "replace" });
    await connection.restoreSession(await onlyDeleted(connection));
    expect(words(await on(connection).getHistory())).toEqual(["one"]);
  });
});

describe("bad arguments", () => {
  const database = sharedDatabase({ storage: "memory" });

  test.each([new Date(Number.NaN), 5, "2026-01-01", null, {}])(
    "purgeDeleted refuses to purge up to %s",
    async (olderThan) => {
      const connection = await database();
      const store = on(connection, crypto.randomUUID());
      await store.append(user("kept"));
      await store.deleteSession();
      const before = await connection.listDeletedSessions();
      await rejection(connection.purgeDeleted({ olderThan: olderThan as Date }), "invalid-argument");
      expect(await connection.listDeletedSessions()).toEqual(before);
    },
  );

  test.each([undefined, null, {}, { sessionId: "s" }, { dbName: "axio_context", project: "p", sessionId: "s" }])(
    "restoreSession refuses %j",
    async (session) => {
      const refusal = rejection((await database()).restoreSession(session as DeletedSession), "invalid-argument");
      expect((await refusal).outcome).toBe("not-applied");
    },
  );

  test.each(["a b", "", "1", 'x"; DROP TABLE y', "sqlite_x"])("a dbName %j is refused", async (dbName) => {
    const connection = await database();
    await rejection(connection.listDeletedSessions({ dbName }), "invalid-argument");
    expect((await rejection(connection.purgeDeleted({ dbName }), "invalid-argument")).outcome).toBe("not-applied");
  });
});
