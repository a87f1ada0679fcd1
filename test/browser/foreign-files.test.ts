import { describe, expect, test } from "vitest";
import { type Connection, type ContextStoreError, SQLiteContextStore } from "../../src/index.js";
import { openDatabase } from "../fixtures/databases.js";
import { expectedOf, golden } from "../fixtures/golden.js";
import { largeFile } from "../fixtures/large-file.js";
import { user } from "../fixtures/messages.js";
import { changeByPython } from "../fixtures/python.js";

describe("files that Python reads too", () => {
  const VARIANTS: Readonly<Record<string, readonly string[]>> = {
    "further columns": [
      "ALTER TABLE axio_context_messages ADD COLUMN score REAL",
      "ALTER TABLE axio_context_tokens ADD COLUMN note TEXT DEFAULT 'x'",
    ],
    "a user_version and another page size": ["PRAGMA user_version=7", "PRAGMA page_size=1024", "VACUUM"],
    "a page size of 65536": ["PRAGMA journal_mode=DELETE", "PRAGMA page_size=65536", "VACUUM"],
    "a rollback journal": ["PRAGMA journal_mode=DELETE"],
    "triggers, views and further tables": [
      "CREATE TABLE notes(body)",
      "CREATE VIEW all_messages AS SELECT * FROM axio_context_messages",
      "CREATE TRIGGER t AFTER INSERT ON axio_context_messages BEGIN SELECT raise(ABORT, 'no'); END",
    ],
    "fractions for token counts": ["UPDATE axio_context_tokens SET input_tokens = input_tokens + 0.75"],
    "positions with gaps": [
      "UPDATE axio_context_messages SET position = -1000 - 3 * position",
      "UPDATE axio_context_messages SET position = -position",
    ],
    "positions below 0": ["UPDATE axio_context_messages SET position = position - 1000000"],
    "no indexes": ["DROP INDEX idx_axio_context_messages_session", "DROP INDEX idx_axio_context_messages_project"],
  };

  test.each(Object.entries(VARIANTS))("with %s are imported whole", async (_, statements) => {
    const original = await golden("small.db");
    const file = await changeByPython(original, ...statements.map((sql) => [sql] as const));
    const [plain, variant] = await Promise.all([openDatabase({ storage: "memory" }), openDatabase()]);
    const { ignoredTables, ...summary } = await variant.import(file);
    expect({ ...summary, ignoredTables: [] }).toEqual(await plain.import(original));
    expect(ignoredTables.every((table) => ["notes", "all_messages"].includes(table))).toBe(true);
    for (const { project } of await plain.listProjects()) {
      for (const { sessionId } of await new SQLiteContextStore(plain, "any", { project }).listSessions()) {
        const history = (on: Connection) => new SQLiteContextStore(on, sessionId, { project }).getHistory();
        expect(await history(variant)).toEqual(await history(plain));
      }
      const list = (on: Connection) => new SQLiteContextStore(on, "any", { project }).listSessions();
      expect(await list(variant)).toEqual(await list(plain));
    }
    expect(await variant.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  test("with sums of tokens that are no whole numbers any more show the same in lists", async () => {
    // What SQLite makes of a sum beyond 2^63 - 1.
    const file = await changeByPython(await golden("small.db"), [
      "UPDATE axio_context_tokens SET input_tokens = 9.5e18",
    ]);
    const connection = await openDatabase({ storage: "memory" });
    await connection.import(file);
    const project = "/home/dev/alpha";
    const list = await new SQLiteContextStore(connection, "any", { project }).listSessions();
    const counts = list.map(({ sessionId }) =>
      new SQLiteContextStore(connection, sessionId, { project }).getContextTokens(),
    );
    const shown = list.map(({ inputTokens, outputTokens }) => ({ inputTokens, outputTokens }));
    expect(shown).toEqual(await Promise.all(counts));
    expect(shown.some(({ inputTokens }) => inputTokens === 9.5e18)).toBe(true);
  });

  const COLUMNS = "session_id, project, position, role, content, created_at";
  const UNUSUAL: Readonly<Record<string, readonly string[]>> = {
    "a BLOB for a content": ["UPDATE axio_context_messages SET content = CAST(content AS BLOB) WHERE position = 0"],
    "a BLOB for a role": ["UPDATE axio_context_messages SET role = x'75' WHERE position = 0"],
    "numbers for both": [
      "ALTER TABLE axio_context_messages RENAME TO rows_here",
      `CREATE TABLE axio_context_messages(id INTEGER PRIMARY KEY, ${COLUMNS})`,
      `INSERT INTO axio_context_messages(${COLUMNS}) SELECT ${COLUMNS} FROM rows_here`,
      "UPDATE axio_context_messages SET role = 5, content = 7 WHERE position = 0",
    ],
  };

  test.each(Object.entries(UNUSUAL))("with %s change nothing the second time", async (_, statements) => {
    const file = await changeByPython(await golden("small.db"), ...statements.map((sql) => [sql] as const));
    const connection = await openDatabase();
    await connection.import(file);
    const before = await connection.listProjects();
    expect(await connection.import(file)).toMatchObject({ messagesAdded: 0, sessionsForked: 0 });
    expect(await connection.listProjects()).toEqual(before);
  });

  test("with token counts below 0 bring them as they are, and take nothing from those that are here", async () => {
    const original = await golden("small.db");
    const file = await changeByPython(original, [
      "UPDATE axio_context_tokens SET input_tokens = -5, output_tokens = -7",
    ]);
    const [fresh, other] = await Promise.all([openDatabase(), openDatabase()]);
    const counts = async (on: Connection) => {
      const { sessions } = await expectedOf("small.db");
      const all = Object.entries(sessions).flatMap(([id, session]) =>
        Object.keys(session.tokens).map((project) => new SQLiteContextStore(on, id, { project }).getContextTokens()),
      );
      return Promise.all(all);
    };
    await other.import(original);
    const before = await counts(other);
    await fresh.import(file);
    // Where there is no row, it is 0.
    const changed = before.map(({ inputTokens }) => (inputTokens === 0 ? [0, 0] : [-5, -7]));
    expect((await counts(fresh)).map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens])).toEqual(changed);
    await other.import(file);
    expect(await counts(other)).toEqual(before);
  });

  test("with tables of our names that say something else change nothing but what they hold of histories", async () => {
    const connection = await openDatabase();
    await new SQLiteContextStore(connection, "mine", { project: "p" }).append(user("mine"));
    const file = await changeByPython(
      await golden("small.db"),
      ...[
        "CREATE TABLE axio_opfs_meta(key TEXT PRIMARY KEY, value TEXT)",
        "INSERT INTO axio_opfs_meta VALUES ('schema_version', '99'), ('database_id', 'other'), ('epoch', '1e300')",
        "CREATE VIEW axio_opfs_clients AS SELECT 'page' AS client, '[9007199254740991,[],[]]' AS state, 0 AS used_at",
        "CREATE TABLE axio_opfs_imported(id INTEGER PRIMARY KEY, db_name, session_id, project, first_id, last_id)",
        "INSERT INTO axio_opfs_imported VALUES (1, 'axio_context', 'mine', 'p', 1, 1000)",
        "CREATE VIEW axio_context_sessions AS SELECT session_id, project, zeroblob(2000000000) AS title, project AS parent_session_id, 0 AS forked_at FROM axio_context_messages",
        "CREATE TABLE axio_context_deleted(deletion_id, session_id)",
        "DROP TABLE axio_context_tokens",
        "CREATE VIEW axio_context_tokens AS SELECT session_id, project, 7 AS input_tokens, 7 AS output_tokens FROM axio_context_messages",
      ].map((sql) => [sql] as const),
    );
    expect(await connection.import(file)).toMatchObject({ sessionsAdded: 3, messagesAdded: 17, ignoredTables: [] });
    expect((await connection.status()).schemaVersion).toBe(1);
    expect(await new SQLiteContextStore(connection, "mine", { project: "p" }).getHistory()).toHaveLength(1);
    for (const { project } of await connection.listProjects()) {
      for (const info of await new SQLiteContextStore(connection, "any", { project }).listSessions()) {
        expect(info).toMatchObject({ inputTokens: 0, outputTokens: 0 });
        expect(info).not.toHaveProperty("title");
      }
    }
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  test("with CHECKs and generated columns under the names of ours are imported whole, without what is generated", async () => {
    const [plain, variant] = await Promise.all([openDatabase({ storage: "memory" }), openDatabase()]);
    const original = await golden("small.db");
    const columns = "id, session_id, project, position, role, content, created_at";
    const file = await changeByPython(
      original,
      ...[
        "CREATE TABLE rows_here AS SELECT * FROM axio_context_messages",
        "DROP TABLE axio_context_messages",
        `CREATE TABLE axio_context_messages(id INTEGER PRIMARY KEY, session_id TEXT, project TEXT, position INTEGER,
          role TEXT, content TEXT, created_at TEXT, uid TEXT AS (upper(role)) VIRTUAL,
          metadata TEXT AS (lower(content)) STORED, CHECK (role <> 'never'))`,
        `INSERT INTO axio_context_messages(${columns}) SELECT ${columns} FROM rows_here`,
        "DROP TABLE rows_here",
      ].map((sql) => [sql] as const),
    );
    expect(await variant.import(file)).toEqual(await plain.import(original));
    expect((await variant.listProjects()).length).toBeGreaterThan(1);
    expect(await variant.listProjects()).toEqual(await plain.listProjects());
    const [{ project } = { project: "" }] = await variant.listProjects();
    const [{ sessionId } = { sessionId: "" }] = await new SQLiteContextStore(variant, "any", {
      project,
    }).listSessions();
    const messages = await new SQLiteContextStore(variant, sessionId, { project }).getMessages();
    expect(messages.map(({ uid, metadata }) => uid ?? metadata)).toEqual(messages.map(() => undefined));
  });

  test.each([0, 1, 2, 5, -1, 1_000_000, 0xffffffff])(
    "whose header says %i pages (-1: one more) are imported whole or refused, and change nothing then",
    async (pages) => {
      const connection = await openDatabase();
      const bytes = new Uint8Array(await (await golden("small.db")).arrayBuffer());
      const view = new DataView(bytes.buffer);
      view.setUint32(28, pages === -1 ? view.getUint32(28) + 1 : pages);
      const result = await connection.import(new Blob([bytes])).then(
        ({ messagesAdded }) => messagesAdded,
        (error: ContextStoreError) => error.code,
      );
      expect([17, "corrupt", "not-a-database"]).toContain(result);
      expect(await connection.listProjects()).toHaveLength(result === 17 ? 2 : 0);
      expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
    },
  );

  test("that are large and damaged in the middle are refused, and what was taken from them is taken back", async () => {
    const connection = await openDatabase();
    await new SQLiteContextStore(connection, "mine", { project: "p" }).append(user("mine"));
    const before = await connection.listProjects();
    const bytes = new Uint8Array(await (await largeFile(6, 500, 3500)).arrayBuffer());
    const page = new DataView(bytes.buffer).getUint16(16);
    const at = Math.floor(bytes.length / page / 2) * page;
    bytes.fill(0xa5, at, at + page);
    const error = await connection.import(new Blob([bytes])).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "corrupt", message: expect.stringContaining("Nothing was imported") });
    expect(await connection.listProjects()).toEqual(before);
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  // The build of SQLite for browsers has no UTF-16.
  test("in UTF-16 are refused, saying so", async () => {
    const connection = await openDatabase();
    const file = await changeByPython(undefined, ["PRAGMA encoding='UTF-16le'"], ["CREATE TABLE notes(body)"]);
    const error = await connection.import(file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "unsupported", message: expect.stringContaining("UTF-16") });
  });
});
