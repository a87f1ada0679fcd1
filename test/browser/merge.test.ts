import { describe, expect, test } from "vitest";
import { type Connection, type Message, SQLiteContextStore } from "../../src/index.js";
import { openDatabase } from "../fixtures/databases.js";
import { golden } from "../fixtures/golden.js";
import { assistant, user, words } from "../fixtures/messages.js";
import { snapshot } from "../fixtures/snapshots.js";

function on(connection: Connection, sessionId = "s"): SQLiteContextStore {
  return new SQLiteContextStore(connection, sessionId, { project: "p" });
}

/** Two databases with the same beginning of a session. */
async function pair(...beginning: readonly Message[]): Promise<[Connection, Connection]> {
  const [here, there] = await Promise.all([openDatabase(), openDatabase({ storage: "memory" })]);
  await on(here).appendAll(beginning);
  await there.import(await here.export());
  return [here, there];
}

describe("import", () => {
  test.each(["small.db", "forked.db", "legacy.db", "bad/gzip_corrupt.db", "bad/unknown_block.db"])(
    "of %s a second time changes nothing",
    async (name) => {
      const connection = await openDatabase();
      const first = await connection.import(await golden(name));
      const before = await snapshot(connection);
      const second = await connection.import(await golden(name));
      expect(second).toEqual({
        sessionsAdded: 0,
        sessionsExtended: 0,
        sessionsForked: 0,
        sessionsUnchanged: first.sessionsAdded,
        messagesAdded: 0,
        ignoredTables: [],
      });
      expect(await snapshot(connection)).toEqual(before);
    },
  );

  test("of the database's own export changes nothing", async () => {
    const [here] = await pair(user("one"), assistant("two"));
    await on(here).fork();
    const before = await snapshot(here);
    expect(await here.import(await here.export())).toMatchObject({ messagesAdded: 0, sessionsUnchanged: 2 });
    expect(await snapshot(here)).toEqual(before);
  });

  test("extends a session that the file continues", async () => {
    const [here, there] = await pair(user("one"));
    const ids = (await on(here).getMessages()).map(({ id }) => id);
    await on(there).appendAll([assistant("two"), user("x".repeat(2000))]);
    await on(there).setContextTokens(5, 6);
    expect(await here.import(await there.export())).toEqual({
      sessionsAdded: 0,
      sessionsExtended: 1,
      sessionsForked: 0,
      sessionsUnchanged: 0,
      messagesAdded: 2,
      ignoredTables: [],
    });
    expect(words(await on(here).getHistory())).toEqual(["one", "two", "x".repeat(2000)]);
    expect((await on(here).getMessages({ limit: 1 })).map(({ id }) => id)).toEqual(ids);
    expect(await on(here).listSessions()).toMatchObject([{ messageCount: 3, inputTokens: 5 }]);
  });

  test("leaves a session that is longer here", async () => {
    const [here, there] = await pair(user("one"));
    await on(here).append(assistant("two"));
    await on(here).setContextTokens(5, 6);
    expect(await here.import(await there.export())).toMatchObject({ sessionsUnchanged: 1, messagesAdded: 0 });
    expect(words(await on(here).getHistory())).toEqual(["one", "two"]);
    expect(await on(here).getContextTokens()).toEqual({ inputTokens: 5, outputTokens: 6 });
  });

  test("adds the file's version as a fork where both went on differently", async () => {
    const [here, there] = await pair(user("one"), assistant("two"));
    await on(here).append(user("here"));
    await on(there).append(user("there"));
    await on(there).setContextTokens(5, 6);
    const file = await there.export();
    expect(await here.import(file)).toMatchObject({ sessionsForked: 1, sessionsAdded: 0, messagesAdded: 3 });
    expect(words(await on(here).getHistory())).toEqual(["one", "two", "here"]);
    const fork = (await on(here).listSessions()).find(({ sessionId }) => sessionId !== "s");
    expect(fork).toMatchObject({ parentSessionId: "s", forkedAt: 2, messageCount: 3, inputTokens: 5 });
    expect(words(await on(here, fork!.sessionId).getHistory())).toEqual(["one", "two", "there"]);

    expect(await here.import(file)).toMatchObject({ sessionsForked: 0, sessionsUnchanged: 1, messagesAdded: 0 });
    expect(await on(here).listSessions()).toHaveLength(2);
  });

  test("of a file a second time changes nothing, also where a branch in it is the beginning of what has diverged", async () => {
    const [here, there] = await Promise.all([openDatabase(), openDatabase({ storage: "memory" })]);
    await on(here).append(user("here"));
    await on(there).appendAll([user("one"), assistant("two"), user("three")]);
    // Of the forks of the session, the first.
    const branch = await on(there).fork({ upTo: 1, sessionId: "0" });
    await branch.append(assistant("two"));
    const file = await there.export();
    expect(await here.import(file)).toMatchObject({ sessionsAdded: 1, sessionsForked: 1, messagesAdded: 5 });
    const before = await snapshot(here);
    expect(await here.import(file)).toMatchObject({ sessionsUnchanged: 2, messagesAdded: 0 });
    expect(await snapshot(here)).toEqual(before);
  });

  test("extends the fork of an earlier import when the file has gone on", async () => {
    const [here, there] = await pair(user("one"), assistant("two"));
    await on(here).append(user("here"));
    await on(there).append(user("there"));
    await on(there).setTitle("Theirs");
    await here.import(await there.export());
    for (const text of ["more", "and more"]) {
      await on(there).append(assistant(text));
      await on(there).addContextTokens(5, 6);
      expect(await here.import(await there.export())).toMatchObject({
        sessionsExtended: 1,
        sessionsForked: 0,
        messagesAdded: 1,
      });
    }
    const infos = await on(here).listSessions();
    expect(infos).toHaveLength(2);
    const fork = infos.find(({ sessionId }) => sessionId !== "s")!;
    expect(fork).toMatchObject({ forkedAt: 2, messageCount: 5, inputTokens: 10, outputTokens: 12 });
    expect(fork.title).toBeUndefined();
    expect(words(await on(here, fork.sessionId).getHistory())).toEqual(["one", "two", "there", "more", "and more"]);
    expect(words(await on(here).getHistory())).toEqual(["one", "two", "here"]);
  });

  test("extends no fork that the file's version does not continue", async () => {
    const [here, there] = await pair(user("one"), assistant("two"));
    await on(here).fork({ sessionId: "own" });
    await on(here).append(user("here"));
    await on(there).append(user("there"));
    expect(await here.import(await there.export())).toMatchObject({ sessionsForked: 1, sessionsExtended: 0 });
    expect(words(await on(here, "own").getHistory())).toEqual(["one", "two"]);
  });

  test("extends no fork of the user's, also where the session was edited before that", async () => {
    const [here, there] = await pair(user("one"), assistant("two"), user("three"));
    const own = await on(here).fork({ sessionId: "own" });
    await own.setTitle("My branch");
    await on(here).splice(1, 2, [assistant("another way")]);
    await on(there).append(assistant("four"));
    expect(await here.import(await there.export())).toMatchObject({ sessionsForked: 1, sessionsExtended: 0 });
    expect(words(await own.getHistory())).toEqual(["one", "two", "three"]);
  });

  test("knows a message that is partial here and in the file", async () => {
    const here = await openDatabase();
    const writer = await on(here).beginMessage("assistant");
    writer.update(assistant("half").content);
    await expect.poll(async () => words(await on(here).getHistory())).toEqual(["half"]);
    const backup = await here.export();
    writer.update(assistant("half of it").content);
    await expect.poll(async () => words(await on(here).getHistory())).toEqual(["half of it"]);
    expect(await here.import(backup)).toMatchObject({ sessionsUnchanged: 1, sessionsForked: 0 });
    expect(words(await on(here).getHistory())).toEqual(["half of it"]);
    await writer.abort();
  });

  test("loses nothing of a message that went on being written elsewhere", async () => {
    const here = await openDatabase();
    const writer = await on(here).beginMessage("assistant");
    writer.update(assistant("half").content);
    await expect.poll(async () => words(await on(here).getHistory())).toEqual(["half"]);
    const there = await openDatabase({ storage: "memory" });
    await there.import(await here.export());
    writer.update(assistant("half of it").content);
    await expect.poll(async () => words(await on(here).getHistory())).toEqual(["half of it"]);
    await there.import(await here.export());
    const infos = await on(there).listSessions();
    const histories = infos.map(({ sessionId }) => on(there, sessionId).getHistory());
    expect((await Promise.all(histories)).map((history) => words(history)[0])).toContain("half of it");
    await writer.abort();
  });

  test("of what continues a session leaves its title, lineage and token counts, unless they are lower here", async () => {
    const [here, there] = await pair(user("one"));
    await on(there).setTitle("Old");
    await on(there).setContextTokens(10, 900);
    await on(there).append(assistant("two"));
    await on(here).setTitle("My own");
    await on(here).setContextTokens(1000, 100);
    expect(await here.import(await there.export())).toMatchObject({ sessionsExtended: 1, messagesAdded: 1 });
    expect(await on(here).listSessions()).toMatchObject([
      { title: "My own", inputTokens: 1000, outputTokens: 900, messageCount: 2 },
    ]);
  });

  test("knows a message that was exported while it was written", async () => {
    const here = await openDatabase();
    await on(here).append(user("question"));
    const writer = await on(here).beginMessage("assistant");
    writer.update(assistant("half of").content);
    await expect.poll(async () => words(await on(here).getHistory())).toEqual(["question", "half of"]);
    const backup = await here.export();
    const there = await openDatabase({ storage: "memory" });
    await there.import(backup);
    await writer.finish(assistant("half of an answer").content);
    await on(here).append(user("thanks"));

    const before = await snapshot(here);
    expect(await here.import(backup)).toMatchObject({ sessionsUnchanged: 1, sessionsForked: 0, messagesAdded: 0 });
    expect(await snapshot(here)).toEqual(before);

    expect(await there.import(await here.export())).toMatchObject({
      sessionsExtended: 1,
      sessionsForked: 0,
      messagesAdded: 1,
    });
    expect(await on(there).getMessages()).toMatchObject(
      (await on(here).getMessages()).map(({ uid, role, content, status }) => ({ uid, role, content, status })),
    );
    expect(await there.checkIntegrity()).toEqual({ ok: true, problems: [] });
    expect(await there.import(await here.export())).toMatchObject({ sessionsUnchanged: 1, sessionsExtended: 0 });
  });

  test("of a file without a chat history puts nothing in the place of what is here", async () => {
    const here = await openDatabase();
    await on(here).append(user("kept"));
    const before = await snapshot(here);
    const refused = here.import(await golden("bad/foreign_only.db"), { mode: "replace" });
    await expect(refused).rejects.toMatchObject({ code: "not-a-database", outcome: "not-applied" });
    expect(await snapshot(here)).toEqual(before);
  });

  test("adds a session of another project under an id that is in use here", async () => {
    const [here, there] = await Promise.all([openDatabase(), openDatabase({ storage: "memory" })]);
    await on(here).appendAll([user("here"), user("too")]);
    await new SQLiteContextStore(there, "s", { project: "q" }).append(user("there"));
    expect(await here.import(await there.export())).toMatchObject({ sessionsAdded: 1, messagesAdded: 1 });
    expect(words(await on(here).getHistory())).toEqual(["here", "too"]);
    expect(words(await new SQLiteContextStore(here, "s", { project: "q" }).getHistory())).toEqual(["there"]);
    expect(await here.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  test("with mode replace puts the file in the place of everything that was here", async () => {
    const [here, there] = await pair(user("one"));
    await on(here).append(user("here"));
    await on(here, "only here").append(user("gone"));
    await new SQLiteContextStore(here, "s", { project: "p", dbName: "notes" }).append(user("gone too"));
    await on(here, "only here").setContextTokens(1, 1);
    await on(there).append(user("there"));
    const [{ id: last } = { id: 0 }] = await on(here).getMessages({ last: 1 });
    expect(await here.import(await there.export(), { mode: "replace" })).toMatchObject({
      sessionsAdded: 1,
      messagesAdded: 2,
    });
    expect(words(await on(here).getHistory())).toEqual(["one", "there"]);
    expect((await on(here).listSessions()).map(({ sessionId }) => sessionId)).toEqual(["s"]);
    expect(await on(here, "only here").getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect(await here.listProjects({ dbName: "notes" })).toEqual([]);
    const ids = (await on(here).getMessages()).map(({ id }) => id);
    expect(Math.min(...ids)).toBeGreaterThan(last);
  });

  test("does not hinder what is called together with it", async () => {
    const connection = await openDatabase();
    const [, , summary] = await Promise.all([
      on(connection).append(user("before")),
      on(connection).setContextTokens(1, 2),
      connection.import(await golden("small.db")),
      on(connection).append(user("after")),
    ]);
    expect(summary.messagesAdded).toBe(17);
    expect(words(await on(connection).getHistory())).toEqual(["before", "after"]);
  });

  test("of two files at the same time takes both", async () => {
    const connection = await openDatabase();
    const [small, legacy] = [await golden("small.db"), await golden("legacy.db")];
    const summaries = await Promise.all([connection.import(small), connection.import(legacy)]);
    expect(summaries.map(({ sessionsAdded }) => sessionsAdded)).toEqual([3, 2]);
    expect(await connection.listProjects()).toHaveLength(3);
  });

  test("of a bad file fails alone among calls made at the same time", async () => {
    const connection = await openDatabase();
    const [append, bad, list] = await Promise.allSettled([
      on(connection).append(user("kept")),
      connection.import(new Blob(["not a database"])),
      on(connection).listSessions(),
    ]);
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "not-a-database" } });
    expect(append.status).toBe("fulfilled");
    expect(list.status).toBe("fulfilled");
    expect(words(await on(connection).getHistory())).toEqual(["kept"]);
  });
});
