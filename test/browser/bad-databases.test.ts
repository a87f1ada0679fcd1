import { beforeAll, describe, expect, test } from "vitest";
import { type Connection, SQLiteContextStore } from "../../src/index.js";
import { openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { type Expected, expectedOf, golden } from "../fixtures/golden.js";
import { toDict, user } from "../fixtures/messages.js";
import { changeByPython } from "../fixtures/python.js";
import { snapshot } from "../fixtures/snapshots.js";

/** The codes of a file that is not a whole database. */
const DAMAGED: unknown = expect.stringMatching(/^(corrupt|not-a-database)$/);

describe.each(["opfs", "memory"] as const)("an import into %s", (storage) => {
  const database = sharedDatabase({ storage });
  let connection: Connection;
  let before: unknown;

  beforeAll(async () => {
    connection = await database();
    await connection.import(await golden("small.db"));
    await new SQLiteContextStore(connection, "mine").append(user("mine"));
    before = await snapshot(connection);
  });

  test.each([
    ["not_a_database.db", "not-a-database", /does not begin as an SQLite database/],
    ["zero_bytes.db", "not-a-database", /is empty/],
    ["page2_garbage.db", "corrupt", /page 2|Tree 2/i],
    ["truncated_60pct.db", "corrupt", /page|size|malformed/i],
  ] as const)("of %s is refused as %s, saying what, and changes nothing", async (name, code, what) => {
    for (const mode of ["merge", "replace"] as const) {
      const error = await rejection(connection.import(await golden(`bad/${name}`), { mode }), code);
      expect(error.message).toMatch(what);
      expect(error.message).toContain("Nothing was imported");
      expect(error.outcome).toBe("not-applied");
    }
    expect(await snapshot(connection)).toEqual(before);
  });

  test("of a good file works after one of a bad file", async () => {
    const fresh = await openDatabase({ storage });
    await rejection(fresh.import(await golden("bad/page2_garbage.db")), "corrupt");
    expect(await fresh.import(await golden("legacy.db"))).toMatchObject({ sessionsAdded: 2 });
  });

  test("of a file cut off anywhere is refused, and changes nothing", async () => {
    const file = await golden("small.db");
    for (const size of [1, 15, 16, 18, 20, 99, 100, 101, 511, 512, 4095, 4096, 4097, 20_000, 36_864, 40_959]) {
      await expect(connection.import(file.slice(0, size))).rejects.toMatchObject({ code: DAMAGED });
    }
    expect(await snapshot(connection)).toEqual(before);
  });

  test("of a file whose header was damaged is refused, and changes nothing", async () => {
    const file = await golden("small.db");
    // Page size, schema format and the kind of the first page, as the file format document numbers them.
    for (const [place, value] of [
      [16, 0],
      [16, 3],
      [47, 99],
      [100, 0xff],
    ] as const) {
      const damaged = new Uint8Array(await file.arrayBuffer());
      damaged[place] = value;
      await expect(connection.import(new Blob([damaged]))).rejects.toMatchObject({ code: DAMAGED });
    }
    expect(await snapshot(connection)).toEqual(before);
  });

  test("of a file with other tables alone adds nothing, and names them", async () => {
    expect(await connection.import(await golden("bad/foreign_only.db"))).toEqual({
      sessionsAdded: 0,
      sessionsExtended: 0,
      sessionsForked: 0,
      sessionsUnchanged: 0,
      messagesAdded: 0,
      ignoredTables: ["notes"],
    });
    expect(await snapshot(connection)).toEqual(before);
  });

  test("of a file with a foreign table of the same name is refused, naming what it lacks", async () => {
    const file = await changeByPython(undefined, ["CREATE TABLE axio_context_messages(id INTEGER, body TEXT)"]);
    const { message } = await rejection(connection.import(file), "corrupt");
    expect(message).toContain("session_id");
    expect(await snapshot(connection)).toEqual(before);
  });

  test("of a -wal that is none is refused, and changes nothing", async () => {
    const wal = new Blob(["not a write-ahead log, though long enough to be one".repeat(100)]);
    await rejection(connection.import(await golden("wal.db"), { wal }), "not-a-database");
    expect(await snapshot(connection)).toEqual(before);
  });
});

describe.each(["gzip_corrupt.db", "unknown_block.db"])("%s", (name) => {
  const database = sharedDatabase();
  const imported = database().then(async (connection) => {
    await connection.import(await golden(`bad/${name}`));
    return { connection, expected: await expectedOf(`bad/${name}`) };
  });

  test("lists every session, where Python lists none of a project for one bad row", async () => {
    const { connection, expected } = await imported;
    const projects = await connection.listProjects();
    expect(projects.map(({ project }) => project).sort()).toEqual(Object.keys(expected.projects).sort());
    for (const { project } of projects) {
      const sessions = await new SQLiteContextStore(connection, "any", { project }).listSessions();
      const shown = sessions.map(({ sessionId, preview }) => [sessionId, preview]);
      expect(shown).toEqual(listOf(expected, project));
    }
  });

  test("gives every history without a bad row", async () => {
    const { connection, expected } = await imported;
    for (const [id, { history, rows }] of Object.entries(expected.sessions)) {
      if (!history) continue;
      const store = new SQLiteContextStore(connection, id, { project: rows[0]!.project });
      expect((await store.getHistory()).map(toDict)).toEqual(history);
    }
  });

  test("says of every other history which message cannot be read, and gives the ones around it", async () => {
    const { connection, expected } = await imported;
    for (const [id, { history, rows }] of Object.entries(expected.sessions)) {
      if (history) continue;
      const store = new SQLiteContextStore(connection, id, { project: rows[0]!.project });
      const bad = rows.length - 1;
      for (const read of [() => store.getHistory(), () => store.getMessages(), () => store.getMessages({ last: 1 })]) {
        const { message } = await rejection(read(), "corrupt");
        expect(message).toContain(`Message ${bad} of session ${JSON.stringify(id)}`);
        expect(message).toContain("getMessages(");
      }
      const before = (await store.getMessages({ before: bad })).map(toDict);
      expect(before).toEqual(
        rows.slice(0, bad).map(({ role, json_text }) => ({ role, content: JSON.parse(json_text!) as unknown })),
      );
      const { position } = await store.append(user("goes on"));
      expect(position).toBe(bad + 1);
      expect((await store.getMessages({ after: bad })).map(toDict)).toEqual([toDict(user("goes on"))]);
      const fork = await store.fork();
      await rejection(fork.getHistory(), "corrupt");
    }
  });

  test("is found bad by the check, row by row", async () => {
    const connection = await openDatabase();
    await connection.import(await golden(`bad/${name}`));
    const { sessions } = await expectedOf(`bad/${name}`);
    const { ok, problems } = await connection.checkIntegrity();
    expect(ok).toBe(false);
    const named = problems.map(({ sessionId, project, position, repairable }) => [
      sessionId,
      project,
      position,
      repairable,
    ]);
    const bad = Object.entries(sessions).filter(([, { history }]) => !history);
    expect(named).toHaveLength(bad.length);
    for (const [id, { rows }] of bad) expect(named).toContainEqual([id, rows[0]!.project, rows.length - 1, false]);
  });
});

test("a BLOB in the place of a content costs that message alone", async () => {
  const connection = await openDatabase();
  const file = await changeByPython(await golden("small.db"), [
    "UPDATE axio_context_messages SET content = CAST(content AS BLOB) WHERE position = 2",
  ]);
  await connection.import(file);
  const [project] = Object.keys((await expectedOf("small.db")).projects);
  const [session] = await new SQLiteContextStore(connection, "any", { project }).listSessions();
  const store = new SQLiteContextStore(connection, session!.sessionId, { project });
  const { message } = await rejection(store.getHistory(), "corrupt");
  expect(message).toContain("Message 2");
  expect(await store.getMessages({ before: 2 })).toHaveLength(2);
  expect(await store.getMessages({ after: 2 })).toHaveLength(session!.messageCount - 3);
});

/** What Python lists of a project, or would, could it read every row: newest first. */
function listOf({ projects, sessions }: Expected, project: string): unknown[] {
  const listed = projects[project]!.list_sessions;
  if (listed) return listed.map(({ session_id, preview }) => [session_id, preview]);
  return Object.entries(sessions)
    .filter(([, { rows }]) => rows[0]!.project === project)
    .toSorted(([, a], [, b]) => b.rows[0]!.created_at.localeCompare(a.rows[0]!.created_at))
    .map(([id, { history }]) => [id, history ? "a healthy row" : "(no preview)"]);
}
