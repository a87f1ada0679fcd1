import { describe, expect, test } from "vitest";
import { type Connection, SQLiteContextStore } from "../../src/index.js";
import { openDatabase } from "../fixtures/databases.js";
import { golden } from "../fixtures/golden.js";
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

  // The build of SQLite for browsers has no UTF-16.
  test("in UTF-16 are refused, saying so", async () => {
    const connection = await openDatabase();
    const file = await changeByPython(undefined, ["PRAGMA encoding='UTF-16le'"], ["CREATE TABLE notes(body)"]);
    const error = await connection.import(file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "unsupported", message: expect.stringContaining("UTF-16") });
  });
});
