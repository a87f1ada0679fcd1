import { beforeEach, describe, expect, test, vi } from "vitest";
import type { SessionInfo } from "../../src/index.js";
import { type ListText, readList, type SessionEntry, type SessionKey } from "../../src/operations.js";
import { sessionInfo } from "../../src/session-info.js";
import { Import } from "../../worker/import/import.js";
import { checkPages } from "../../worker/import/incoming.js";
import { checkIntegrity } from "../../worker/operations/integrity.js";
import { finish } from "../../worker/slices.js";
import { tables } from "../../worker/sql/tables.js";
import type { Storage } from "../../worker/storage/storage.js";
import { UnfinishedImport } from "../../worker/import/unfinished-import.js";
import { openMemoryDatabase } from "../fixtures/memory-database.js";

const session = (sessionId: string): SessionKey => ({ dbName: "axio_context", project: "p", sessionId });

/** A database, and a way to call it. */
async function open() {
  const { storage, call } = await openMemoryDatabase();
  const append = (sessionId: string, ...texts: readonly string[]) => {
    const content = (text: string) => `plain:[{"type":"text","text":"${text}"}]`;
    const messages = texts.map((text) => ({ uid: text, role: "user", content: content(text), preview: text }));
    call("append", { session: session(sessionId), messages });
  };
  return { storage, call, append };
}

type Opened = Awaited<ReturnType<typeof open>>;

let ours: Opened;
let theirs: Opened;

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `message ${from + i}`);

beforeEach(async () => {
  [ours, theirs] = [await open(), await open()];
  for (const { append, call } of [ours, theirs]) {
    append("same", ...numbers(0, 5));
    append("continued", ...numbers(0, 7));
    append("diverged", ...numbers(0, 9));
    call("setTokens", { session: session("continued"), tokens: { inputTokens: 10, outputTokens: 20 } });
  }
  ours.append("diverged", "ours");
  theirs.append("continued", ...numbers(7, 20));
  theirs.append("diverged", ...numbers(9, 15));
  theirs.append("added", ...numbers(0, 30));
  theirs.call("setTitle", { session: session("added"), title: "Added" });
  for (const [name, inputTokens] of [
    ["continued", 15],
    ["added", 7],
    ["without messages", 5],
  ] as const)
    theirs.call("setTokens", { session: session(name), tokens: { inputTokens, outputTokens: inputTokens * 2 } });
  // An edit is later than any message.
  ours.storage.database.run("UPDATE axio_context_sessions SET updated_at = '2099-01-01 00:00:00'");
});

async function stage(): Promise<Import> {
  const bytes = theirs.storage.exportFile();
  const staged = await ours.storage.stage(new Blob([bytes]).stream());
  checkPages(staged);
  const incoming = new Import(ours.storage.database, staged, () => {});
  finish(incoming.prepare());
  return incoming;
}

/** All that a user, or Python, sees. */
function tablesOf({ database }: Storage): unknown {
  return ["messages", "tokens", "sessions"].map((name) => {
    const rows = database.rows(`SELECT * FROM axio_context_${name}`);
    return rows.map((row) => JSON.stringify(row)).sort();
  });
}

/** What a list of ours shows. */
function list(): readonly SessionInfo[] {
  const found = readList(ours.call("sessions", { dbName: "axio_context", project: "p" }) as ListText<SessionEntry>);
  return found.map((entry) => sessionInfo("p", entry));
}

/** As before somebody asks for the list. */
function settleList(unfinished: UnfinishedImport): void {
  const args = { dbName: "axio_context", project: "p" };
  unfinished.settle([{ seq: 1, name: "sessions", args, terms: { full: false, busyTimeout: 5000 } }]);
}

function tokensOf(sessionId: string): unknown {
  return ours.call("tokens", { session: session(sessionId) });
}

/** Takes so many steps. Gives whether there are more. */
function take(steps: Generator<void, void, void>, count: number): boolean {
  for (let step = 0; step < count; step++) if (steps.next().done === true) return false;
  return true;
}

describe("an import", () => {
  test("of more sessions than are remembered, of two projects, whose messages take turns, has each in its order", async () => {
    const { database } = theirs.storage;
    const sessions = 1100;
    database.exec(`
      DELETE FROM axio_context_messages;
      INSERT INTO axio_context_messages(session_id, project, position, role, content)
      WITH RECURSIVE turn(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM turn WHERE i < 4 * ${sessions} - 1)
      SELECT 'session' || (i % ${sessions}), iif(i / ${sessions} % 2, 'q', 'p'), i / ${sessions}, 'user',
        'plain:[{"type":"text","text":"' || i || '"}]' FROM turn`);
    const sql = `
      SELECT session_id, project, position, content FROM axio_context_messages WHERE session_id LIKE 'session%'
      ORDER BY session_id, position`;
    finish((await stage()).merge());
    expect(ours.storage.database.rows(sql)).toEqual(database.rows(sql));
  });

  test("that is taken back after any number of steps leaves every table as it was", async () => {
    const before = tablesOf(ours.storage);
    for (let count = 0, more = true; more; count++) {
      const incoming = await stage();
      more = take(incoming.merge(), count);
      incoming.flush();
      finish(incoming.undo());
      expect(tablesOf(ours.storage)).toEqual(before);
      finish(ours.storage.removeLeftovers());
    }
  });

  test("that is taken back numbers a session once for each of its projects, however their messages take turns", async () => {
    theirs.storage.database.run("UPDATE axio_context_messages SET project = 'q' WHERE position % 2");
    const incoming = await stage();
    finish(incoming.merge());
    incoming.flush();
    const run = vi.spyOn(ours.storage.database, "run");
    finish(incoming.undo());
    const { renumberAside } = tables("axio_context");
    const added = run.mock.calls.filter(([sql, sessionId]) => sql === renumberAside && sessionId === "added");
    expect(added).toHaveLength(2);
  });

  test("that a death has ended after any number of steps is out of sight at once, and gone in time", async () => {
    const { database } = ours.storage;
    const before = tablesOf(ours.storage);
    const listed = list();
    for (let count = 0, more = true; more; count++) {
      const incoming = await stage();
      more = take(incoming.merge(), count);
      incoming.flush();
      finish(ours.storage.removeLeftovers());
      const unfinished = new UnfinishedImport(ours.storage, () => {});
      settleList(unfinished);
      expect(list()).toEqual(listed);
      const args = { session: session("added"), range: {} };
      unfinished.settle([{ seq: 1, name: "messages", args, terms: { full: false, busyTimeout: 5000 } }]);
      expect(ours.call("messages", args)).toEqual([]);
      await unfinished.finish();
      expect(tablesOf(ours.storage)).toEqual(before);
      expect(database.rows("SELECT * FROM axio_opfs_imported")).toEqual([]);
    }
  });

  test("that a death has ended beside what others have appended keeps that, in the list too", async () => {
    const incoming = await stage();
    take(incoming.merge(), 10_000);
    incoming.flush();
    finish(ours.storage.removeLeftovers());
    ours.append("added", "others were here");
    const unfinished = new UnfinishedImport(ours.storage, () => {});
    settleList(unfinished);
    expect(list()).toContainEqual(expect.objectContaining({ sessionId: "added", messageCount: 1 }));
    await unfinished.finish();
    expect(finish(checkIntegrity(ours.storage.database))).toEqual({ ok: true, problems: [] });
  });

  test("that is taken back leaves what others have counted, titled and appended meanwhile", async () => {
    const incoming = await stage();
    finish(incoming.merge());
    incoming.flush();
    for (const name of ["continued", "added", "same", "new"]) {
      ours.call("addTokens", { session: session(name), tokens: { inputTokens: 1, outputTokens: 2 } });
    }
    ours.append("added", "others were here");
    ours.append("new", "others were here");
    finish(incoming.undo());
    expect(tokensOf("continued")).toEqual({ inputTokens: 11, outputTokens: 22 });
    for (const name of ["added", "same", "new"]) expect(tokensOf(name)).toEqual({ inputTokens: 1, outputTokens: 2 });
    const rows = ours.storage.database.rows("SELECT position FROM axio_context_messages WHERE session_id = 'added'");
    expect(rows).toEqual([[0]]);
    const [info] = list();
    expect(info).not.toHaveProperty("title");
    expect(finish(checkIntegrity(ours.storage.database))).toEqual({ ok: true, problems: [] });
  });

  test.each(["replaced", "taken away"])(
    "that is taken back leaves a session the time at which others have %s messages of it meanwhile, and no time of the file",
    async (how) => {
      ours.append("edited", "message 0");
      theirs.append("edited", "message 0", "message 1");
      for (const [{ storage }, time] of [
        [ours, "2020-01-01 00:00:00"] as const,
        [theirs, "2021-01-01 00:00:00"] as const,
      ])
        storage.database.run("UPDATE axio_context_messages SET created_at = ?", time);
      ours.storage.database.run("UPDATE axio_context_sessions SET updated_at = '2020-01-02 00:00:00'");
      const incoming = await stage();
      finish(incoming.merge());
      incoming.flush();
      const content = 'plain:[{"type":"text","text":"edited"}]';
      const messages = how === "replaced" ? [{ uid: "edited", role: "user", content }] : [];
      const range = { start: messages.length > 0 ? 0 : 1, deleteCount: 1, messages };
      ours.call("splice", { session: session("edited"), kind: "replace", ...range });
      finish(incoming.undo());
      const times = new Map(list().map(({ sessionId, updatedAt }) => [sessionId, updatedAt]));
      expect(times.get("edited")! > "2025-01-01").toBe(true);
      expect(times.get("continued")).toBe("2020-01-02 00:00:00");
    },
  );

  test("that comes to its end adds the file's token counts to what others have counted meanwhile", async () => {
    const incoming = await stage();
    finish(incoming.merge());
    incoming.flush();
    for (const name of ["continued", "added"]) {
      ours.call("addTokens", { session: session(name), tokens: { inputTokens: 1, outputTokens: 2 } });
    }
    expect(incoming.complete("merge")).toMatchObject({
      sessionsAdded: 1,
      sessionsExtended: 1,
      sessionsForked: 1,
      sessionsUnchanged: 1,
    });
    expect(tokensOf("continued")).toEqual({ inputTokens: 16, outputTokens: 32 });
    expect(tokensOf("added")).toEqual({ inputTokens: 8, outputTokens: 16 });
    expect(tokensOf("without messages")).toEqual({ inputTokens: 5, outputTokens: 10 });
    const sessions = list();
    expect(sessions).toContainEqual(expect.objectContaining({ sessionId: "added", title: "Added", messageCount: 30 }));
    expect(finish(checkIntegrity(ours.storage.database))).toEqual({ ok: true, problems: [] });
  });

  test("of the same file a second time changes nothing", async () => {
    for (let time = 0; time < 2; time++) {
      const incoming = await stage();
      finish(incoming.merge());
      const before = tablesOf(ours.storage);
      const summary = incoming.complete("merge");
      finish(ours.storage.removeLeftovers());
      if (time === 0) continue;
      expect(summary).toMatchObject({ messagesAdded: 0, sessionsUnchanged: 4 });
      expect(tablesOf(ours.storage)).toEqual(before);
    }
  });
});

describe("a hostile file", () => {
  /** Gives the table of the messages further columns, of names that SQLite has for row ids. */
  function addColumns(...names: readonly string[]): void {
    const columns = "id, session_id, project, position, role, content, created_at";
    theirs.storage.database.exec(`
      CREATE TABLE copied AS SELECT ${columns} FROM axio_context_messages;
      DROP TABLE axio_context_messages;
      CREATE TABLE axio_context_messages(id INTEGER PRIMARY KEY, session_id, project, position, role, content, created_at,
        ${names.map((name) => `${name} TEXT DEFAULT 'same'`).join()});
      INSERT INTO axio_context_messages(${columns}) SELECT ${columns} FROM copied;`);
  }

  test("with columns that hide its row ids is imported whole", async () => {
    addColumns("rowid", "OID");
    expect((await stage()).progress.total).toBe(5 + 20 + 15 + 30);
  });

  test("with every name of a row id taken is refused", async () => {
    addColumns("rowid", "OID", "_RowID_");
    await expect(stage()).rejects.toMatchObject({ code: "corrupt" });
  });

  test("brings no uid, metadata, title or count that is none", async () => {
    const { database } = theirs.storage;
    database.run("UPDATE axio_context_messages SET uid = x'00', metadata = 'no JSON', status = x'01'");
    database.run("UPDATE axio_context_messages SET metadata = '[1]', uid = '' WHERE position = 1");
    database.run("UPDATE axio_context_messages SET metadata = '{\"a\":1}', uid = 'good' WHERE position = 2");
    database.run("UPDATE axio_context_tokens SET input_tokens = 'many', output_tokens = x'00'");
    database.run("UPDATE axio_context_sessions SET title = zeroblob(100000), parent_session_id = 5");
    const incoming = await stage();
    finish(incoming.merge());
    incoming.complete("merge");
    const rows = ours.storage.database.rows(
      "SELECT uid, metadata, status FROM axio_context_messages WHERE session_id = 'added' ORDER BY position LIMIT 3",
    );
    expect(rows).toEqual([
      [null, null, null],
      [null, null, null],
      ["good", '{"a":1}', null],
    ]);
    expect(tokensOf("added")).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect(list().find(({ sessionId }) => sessionId === "added")).not.toHaveProperty("title");
  });

  test("brings what was written so far of a message whose parts the file has", async () => {
    const message = { uid: "partial", role: "assistant", content: "plain:[]", status: "partial" } as const;
    const [{ id }] = theirs.call("append", { session: session("added"), messages: [message] }) as [{ id: number }];
    const content = { keep: 0, text: '[{"type":"text","text":"so far"}]', tail: 0 };
    theirs.call("checkpoint", { session: session("added"), id, content });
    for (const times of [1, 2]) {
      const incoming = await stage();
      finish(incoming.merge());
      expect(incoming.complete("merge").messagesAdded).toBe(times === 1 ? 20 + 15 + 31 - 7 : 0);
      finish(ours.storage.removeLeftovers());
    }
    const rows = ours.storage.database.rows("SELECT content, status FROM axio_context_messages WHERE uid = 'partial'");
    expect(rows).toEqual([[`plain:${content.text}`, "partial"]]);
  });

  test.each([
    [
      "that keep more than there is",
      "WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 40)",
      "1 << i",
      "1 << i",
    ],
    ["that would take for ever", "WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)", "0", "30000"],
    [
      "of negative numbers",
      "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)",
      "-i * 1000000000",
      "50000",
    ],
    ["of no numbers", "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)", "'x'", "50000"],
  ])("brings the row of a partial message with parts %s", async (_, numbered, keep, tail) => {
    const content = `plain:[{"type":"text","text":"${"x".repeat(50_000)}"}]`;
    const message = { uid: "partial", role: "assistant", content, status: "partial" } as const;
    const [{ id }] = theirs.call("append", { session: session("added"), messages: [message] }) as [{ id: number }];
    theirs.storage.database.run(
      `INSERT INTO axio_context_parts(message_id, number, keep, text, tail) ${numbered}
       SELECT ?1, i, ${keep}, 'y', ${tail} FROM n`,
      id,
    );
    const incoming = await stage();
    finish(incoming.merge());
    incoming.complete("merge");
    const rows = ours.storage.database.rows("SELECT content FROM axio_context_messages WHERE uid = 'partial'");
    expect(rows).toEqual([[content]]);
  });

  test("brings title and counts of a session that was deleted and restored meanwhile", async () => {
    const incoming = await stage();
    finish(incoming.merge());
    for (const [name, kind] of [
      ["deleteSession", "delete"],
      ["restoreSession", "restore"],
    ] as const) {
      ours.call(name, { session: session("added"), deletionId: "d" });
      incoming.note([{ kind, ...session("added") }]);
    }
    incoming.complete("merge");
    expect(list().find(({ sessionId }) => sessionId === "added")).toMatchObject({ title: "Added", inputTokens: 7 });
  });

  test("brings no token counts of a session that was cleared meanwhile", async () => {
    const incoming = await stage();
    finish(incoming.merge());
    ours.call("clear", { session: session("added") });
    incoming.note([{ kind: "clear", ...session("added") }]);
    incoming.complete("merge");
    expect(tokensOf("added")).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect(tokensOf("continued")).toEqual({ inputTokens: 15, outputTokens: 30 });
  });

  test("with row ids at the end of the range leaves room for the next message here", async () => {
    theirs.storage.database.run("UPDATE axio_context_messages SET id = 9223372036854775807 WHERE id = 3");
    theirs.storage.database.run("UPDATE sqlite_sequence SET seq = 9223372036854775807");
    const incoming = await stage();
    finish(incoming.merge());
    incoming.complete("merge");
    ours.append("added", "one more");
    const [last] = ours.storage.database.rows("SELECT max(id) FROM axio_context_messages");
    expect(Number(last![0])).toBeLessThan(200);
  });
});

test("a large file that was staged is removed a part at a time", async () => {
  const steps = async (mebibytes: number) => {
    const parts = Array.from({ length: mebibytes }, () => new Uint8Array(1024 * 1024));
    await ours.storage.stage(new Blob(parts).stream());
    return [...ours.storage.removeLeftovers()].length;
  };
  expect(await steps(40)).toBe((await steps(1)) + 2);
});
