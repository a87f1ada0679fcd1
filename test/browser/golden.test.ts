import { beforeAll, describe, expect, test } from "vitest";
import { type Connection, connect, type ImportSummary, SQLiteContextStore } from "../../src/index.js";
import { freshPath, openDatabase, sharedDatabase } from "../fixtures/databases.js";
import {
  type Expected,
  type ExpectedSession,
  expectedOf,
  GOLDEN_FILES,
  golden,
  projectsOf,
} from "../fixtures/golden.js";
import { toDict } from "../fixtures/messages.js";
import type { PythonSession } from "../fixtures/python.js";

describe.each(Object.entries(GOLDEN_FILES))("%s", (name, walName) => {
  let expected: Expected;
  let connection: Connection;
  let summary: ImportSummary;
  const database = sharedDatabase();

  beforeAll(async () => {
    [expected, connection] = await Promise.all([expectedOf(name), database()]);
    const wal = walName === undefined ? undefined : await golden(walName);
    summary = await connection.import(await golden(name), { wal });
  });

  function store(sessionId: string, project: string): SQLiteContextStore {
    return new SQLiteContextStore(connection, sessionId, { project });
  }

  test("is imported whole", () => {
    const messages = Object.values(expected.sessions).reduce((sum, { rows }) => sum + rows.length, 0);
    expect(summary).toMatchObject({ messagesAdded: messages, sessionsForked: 0, ignoredTables: [] });
  });

  test("has the projects that Python sees, with their numbers", async () => {
    const projects = Object.entries(expected.projects).map(([project, { list_sessions = [] }]) => ({
      project,
      sessionCount: list_sessions.length,
      messageCount: list_sessions.reduce((sum, { message_count }) => sum + message_count, 0),
    }));
    const listed = await connection.listProjects();
    expect(listed.toSorted(byProject)).toEqual(projects.toSorted(byProject));
  });

  test("lists the sessions that Python lists: order, preview, number, time, tokens", async () => {
    for (const [project, { list_sessions = [] }] of Object.entries(expected.projects)) {
      const sessions = await store("any", project).listSessions();
      expect(sessions.map(asPython)).toEqual(list_sessions.map((session) => own(session, project, expected)));
      expect(sessions.every((session) => session.project === project)).toBe(true);
    }
  });

  test("gives every history as Python does, block by block", async () => {
    for (const [id, session] of Object.entries(expected.sessions)) {
      for (const project of projectsOf(session)) {
        const history = (await store(id, project).getHistory()).map(toDict);
        expect(history).toEqual(ownHistory(session, project));
      }
    }
  });

  test("gives each message its time and its position", async () => {
    for (const [id, session] of Object.entries(expected.sessions)) {
      for (const project of projectsOf(session)) {
        const rows = session.rows.filter((row) => row.project === project);
        expect(
          (await store(id, project).getMessages()).map(({ createdAt, position, uid }) => [createdAt, position, uid]),
        ).toEqual(rows.map(({ created_at }, place) => [created_at, place, undefined]));
      }
    }
  });

  test("gives every token count", async () => {
    for (const [id, { tokens }] of Object.entries(expected.sessions)) {
      for (const [project, [inputTokens, outputTokens]] of Object.entries(tokens)) {
        expect(await store(id, project).getContextTokens()).toEqual({ inputTokens, outputTokens });
      }
    }
  });

  test("is found in order by the check", async () => {
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  test("imported into memory gives the same as on OPFS", async () => {
    const memory = await openDatabase({ storage: "memory" });
    const wal = walName === undefined ? undefined : await golden(walName);
    await memory.import(await golden(name), { wal });
    for (const project of Object.keys(expected.projects)) {
      const list = (on: Connection) => new SQLiteContextStore(on, "any", { project }).listSessions();
      expect(await list(memory)).toEqual(await list(connection));
    }
  });
});

describe("wal.db", () => {
  test("alone is imported without the rows that only its -wal has", async () => {
    const connection = await connect(freshPath(), { storage: "memory" });
    expect(await connection.import(await golden("wal.db"))).toMatchObject({ sessionsAdded: 1, messagesAdded: 3 });
    const store = new SQLiteContextStore(connection, "wal-session", { project: "walproj" });
    const { sessions } = await expectedOf("wal.db");
    expect((await store.getHistory()).map(toDict)).toEqual(sessions["wal-session"]?.history?.slice(0, 3));
    expect(await store.listSessions()).toHaveLength(1);
    await connection.close();
  });

  test("with an empty -wal beside it is imported without", async () => {
    const connection = await openDatabase();
    expect(await connection.import(await golden("wal.db"), { wal: new Blob() })).toMatchObject({ messagesAdded: 3 });
  });

  test("imported alone, and then with its -wal, is continued", async () => {
    const connection = await openDatabase();
    await connection.import(await golden("wal.db"));
    const summary = await connection.import(await golden("wal.db"), { wal: await golden("wal.db-wal") });
    expect(summary).toMatchObject({ sessionsAdded: 1, sessionsExtended: 1, sessionsForked: 0, messagesAdded: 5 });
  });
});

function byProject(a: { readonly project: string }, b: { readonly project: string }): number {
  return a.project < b.project ? -1 : 1;
}

function asPython(info: Awaited<ReturnType<SQLiteContextStore["listSessions"]>>[number]): PythonSession {
  return {
    session_id: info.sessionId,
    message_count: info.messageCount,
    preview: info.preview,
    created_at: info.createdAt,
    input_tokens: info.inputTokens,
    output_tokens: info.outputTokens,
  };
}

/** Python takes the preview of a session that stands in two projects from either; we take it from the project's own rows. */
function own(listed: PythonSession, project: string, { sessions }: Expected): PythonSession {
  const { rows } = sessions[listed.session_id]!;
  if (rows.every((row) => row.project === project)) return listed;
  const row = rows.find((candidate) => candidate.project === project && candidate.role === "user");
  const [block] = row ? (JSON.parse(row.json_text!) as { text: string }[]) : [];
  return { ...listed, preview: block?.text ?? "(no preview)" };
}

/** Python mixes the rows of all projects under a session id; we do not. */
function ownHistory({ rows, history = [] }: ExpectedSession, project: string): unknown[] {
  return history.filter((_, place) => rows[place]?.project === project);
}
