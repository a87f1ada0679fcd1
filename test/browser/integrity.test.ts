import { describe, expect, test } from "vitest";
import { SQLiteContextStore } from "../../src/index.js";
import { type ListText, readList, type SessionEntry } from "../../src/operations.js";
import type { IntegrityReport } from "../../src/reports.js";
import { checkIntegrity } from "../../worker/operations/integrity.js";
import { finish } from "../../worker/slices.js";
import type { Storage } from "../../worker/storage/storage.js";
import { openDatabase } from "../fixtures/databases.js";
import { assistant, text, user, words } from "../fixtures/messages.js";
import { type MemoryDatabase, openMemoryDatabase, SESSION } from "../fixtures/memory-database.js";

const WHERE = "WHERE session_id = 's' AND position = 1";

/** What is done to a sound session of three messages, and what the check must say of it. */
const UNREADABLE: Readonly<Record<string, readonly [kind: string, sql: string]>> = {
  "metadata that is no JSON": ["json", "UPDATE axio_context_messages SET metadata = '{' WHERE position = 1"],
  "base64 that is cut off": ["envelope", `UPDATE axio_context_messages SET content = 'gzip:H4sIAAAA' ${WHERE}`],
  "gzip that is none": ["envelope", `UPDATE axio_context_messages SET content = 'gzip:AAAAAAAA' ${WHERE}`],
  "a BLOB": ["envelope", `UPDATE axio_context_messages SET content = x'00' ${WHERE}`],
  "JSON that is cut off": ["json", `UPDATE axio_context_messages SET content = 'plain:[{"type":' ${WHERE}`],
  "no JSON": ["json", `UPDATE axio_context_messages SET content = 'hello' ${WHERE}`],
  "an unknown block": ["block", `UPDATE axio_context_messages SET content = '[{"type":"thinking"}]' ${WHERE}`],
  "JSON that is no array": ["block", `UPDATE axio_context_messages SET content = 'plain:{}' ${WHERE}`],
};

const REPAIRABLE: Readonly<Record<string, readonly [kind: string, detail: RegExp, sql: string]>> = {
  "a position between two others": [
    "position",
    /positions 0 to 2/,
    "UPDATE axio_context_messages SET position = 1.5 WHERE position = 1",
  ],
  "a gap in the positions": [
    "position",
    /3 messages .* 0 to 7/,
    "UPDATE axio_context_messages SET position = 7 WHERE position = 2",
  ],
  "positions from 100 on": ["position", /100 to 102/, "UPDATE axio_context_messages SET position = position + 100"],
  "a negative position": ["position", /-4 to 2/, "UPDATE axio_context_messages SET position = -4 WHERE position = 0"],
  "positions that are no numbers to count with": [
    "position",
    /3 messages/,
    "UPDATE axio_context_messages SET position = CASE position WHEN 0 THEN -9e999 WHEN 1 THEN 1 ELSE 'last' END",
  ],
  "positions beyond what JavaScript counts": [
    "position",
    /3 messages/,
    "UPDATE axio_context_messages SET position = position - 1152921504606846976",
  ],
  "a position that is text, and no Unicode": [
    "position",
    /3 messages/,
    "UPDATE axio_context_messages SET position = CAST(x'ff' AS TEXT) WHERE position = 2",
  ],
  "times that are no text": ["summary", /time/, "UPDATE axio_context_messages SET created_at = x'3030'"],
  "a wrong number of messages": [
    "summary",
    /9 messages; there are 3/,
    "UPDATE axio_context_sessions SET message_count = 9",
  ],
  "an outdated preview": ["summary", /preview/, "UPDATE axio_context_sessions SET preview = 'old'"],
  "a wrong time of creation": ["summary", /./, "UPDATE axio_context_sessions SET created_at = '2001-01-01 00:00:00'"],
  "a wrong time of the last message": [
    "summary",
    /time/,
    "UPDATE axio_context_sessions SET updated_at = '2001-01-01 00:00:00'",
  ],
  "a session that the list lacks": ["summary", /missing/, "DELETE FROM axio_context_sessions"],
  "a session of the list that has no messages": [
    "summary",
    /no messages/,
    "INSERT INTO axio_context_sessions(session_id, project, message_count, created_at, updated_at) VALUES ('ghost', 'p', 1, '', '')",
  ],
};

function check({ database }: Storage): IntegrityReport {
  return finish(checkIntegrity(database));
}

async function sound(): Promise<MemoryDatabase> {
  const opened = await openMemoryDatabase();
  for (const words of ["zero", "one", "two"]) opened.append(user(words));
  opened.storage.database.run("UPDATE axio_context_sessions SET preview = 'zero'");
  expect(check(opened.storage)).toEqual({ ok: true, problems: [] });
  return opened;
}

describe("checkIntegrity", () => {
  test.each(Object.entries(UNREADABLE))(
    "names %s, session and position, and cannot repair it",
    async (_, [kind, sql]) => {
      const { storage, call } = await sound();
      storage.database.run(sql);
      const report = check(storage);
      expect(report).toEqual({
        ok: false,
        problems: [{ kind, ...SESSION, position: 1, detail: expect.stringMatching(/./), repairable: false }],
      });
      call("repair", {});
      expect(check(storage)).toEqual(report);
    },
  );

  test.each(Object.entries(REPAIRABLE))("names %s, and repairs it", async (_, [kind, detail, sql]) => {
    const { storage, call, append } = await sound();
    const before = call("messages", { session: SESSION, range: {} }) as readonly { readonly id: number }[];
    storage.database.run(sql);
    const found = check(storage);
    expect(found).toMatchObject({
      ok: false,
      problems: [{ kind, dbName: "axio_context", detail: expect.stringMatching(detail), repairable: true }],
    });
    call("repair", {});
    expect(check(storage)).toEqual({ ok: true, problems: [] });
    const after = call("messages", { session: SESSION, range: {} }) as readonly { readonly id: number }[];
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const list = readList(call("sessions", { dbName: "axio_context", project: "p" }) as ListText<SessionEntry>);
    expect(list.map(([sessionId, messageCount]) => [sessionId, messageCount])).toEqual([["s", 3]]);
    append(user("three"));
    expect(call("messages", { session: SESSION, range: { last: 1 } })).toMatchObject([{ position: 3 }]);
  });

  test.each(["preview", "created_at", "updated_at"])(
    "names an entry of the list whose %s is no text any more, which hides no other until it is repaired",
    async (column) => {
      const { storage, call, append } = await sound();
      append(user("other"), { ...SESSION, sessionId: "other" });
      storage.database.run("UPDATE axio_context_sessions SET preview = 'other' WHERE session_id = 'other'");
      const list = () => readList(call("sessions", { dbName: "axio_context", project: "p" }) as ListText<SessionEntry>);
      const before = list();
      storage.database.run(
        `UPDATE axio_context_sessions SET ${column} = CAST(${column} AS BLOB) WHERE session_id = 's'`,
      );
      expect(list()).toEqual(expect.arrayContaining(before));
      expect(check(storage)).toMatchObject({ problems: [{ kind: "summary", sessionId: "s", repairable: true }] });
      call("repair", {});
      expect(list()).toEqual(before);
    },
  );

  test("names every problem at once", async () => {
    const { storage, call } = await sound();
    for (const sql of [UNREADABLE["a BLOB"]![1], REPAIRABLE["a gap in the positions"]![2]]) storage.database.run(sql);
    storage.database.run("UPDATE axio_context_sessions SET message_count = 1");
    const { problems } = check(storage);
    call("repair", {});
    expect(problems.map(({ kind }) => kind).sort()).toEqual(["envelope", "position", "summary"]);
    expect(check(storage).problems.map(({ kind }) => kind)).toEqual(["envelope"]);
  });

  test("finds an index that does not agree with its table, and makes it anew", async () => {
    const { storage, call } = await sound();
    const { database } = storage;
    database.exec("PRAGMA writable_schema=ON");
    database.run(
      "UPDATE sqlite_schema SET sql = 'CREATE INDEX idx_axio_context_messages_project ON axio_context_messages(role)' WHERE name = 'idx_axio_context_messages_project'",
    );
    database.exec("PRAGMA writable_schema=RESET");
    const { ok, problems } = check(storage);
    expect(ok).toBe(false);
    expect(problems[0]).toMatchObject({
      kind: "page",
      detail: expect.stringContaining("idx_axio_context_messages_project"),
      repairable: true,
    });
    call("repair", {});
    expect(check(storage)).toEqual({ ok: true, problems: [] });
  });
});

test("checkIntegrity names the table of a row or index entry that SQLite cannot make sense of, and goes on", async () => {
  const { storage } = await sound();
  const { database } = storage;
  const index = "SELECT rootpage FROM sqlite_schema WHERE name = 'idx_axio_context_messages_project'";
  const page = database.value(`SELECT data FROM sqlite_dbpage WHERE pgno = (${index})`) as Uint8Array;
  // The first entry: its length, then that of its header.
  page[new DataView(page.buffer).getUint16(8) + 1] = 0x7f;
  database.run(`UPDATE sqlite_dbpage SET data = ? WHERE pgno = (${index})`, page);
  database.run(`UPDATE axio_context_messages SET content = x'00' ${WHERE}`);
  const { problems } = check(storage);
  expect(problems).toMatchObject([
    { kind: "page", detail: expect.stringContaining("axio_context_messages"), repairable: false },
    { kind: "envelope", position: 1 },
  ]);
});

describe("an index that has lost rows", () => {
  /** Empties an index behind SQLite's back: by way of a table that is laid over its pages. */
  function empty({ storage: { database } }: MemoryDatabase, index: string): void {
    const point = (rootPage: string) => `
      PRAGMA writable_schema=ON;
      UPDATE sqlite_schema SET rootpage = (${rootPage}) WHERE name = 'over';
      PRAGMA writable_schema=RESET;`;
    database.exec(`
      CREATE TABLE over(a, b, c, PRIMARY KEY(a, b, c)) WITHOUT ROWID;
      CREATE TABLE own AS SELECT rootpage FROM sqlite_schema WHERE name = 'over';
      ${point(`SELECT rootpage FROM sqlite_schema WHERE name = '${index}'`)}
      DELETE FROM over;
      ${point("SELECT rootpage FROM own")}
      DROP TABLE over;
      DROP TABLE own;`);
  }

  test("is made anew, also where messages were appended in the places of those that it had lost", async () => {
    const database = await sound();
    const { storage, call, append } = database;
    empty(database, "sqlite_autoindex_axio_context_messages_1");
    append(user("three"));
    const { problems } = check(storage);
    expect(problems.filter(({ repairable }) => !repairable)).toEqual([]);
    call("repair", {});
    expect(check(storage)).toEqual({ ok: true, problems: [] });
    const rows = call("messages", { session: SESSION, range: {} }) as readonly { readonly content: string }[];
    const texts = rows.map(({ content }) => /"text":"(\w+)"/.exec(content)![1]);
    // Two had position 0.
    expect(texts).toEqual(["zero", "three", "one", "two"]);
  });

  test("is made anew, also where token counts were written a second time", async () => {
    const database = await sound();
    const { storage, call } = database;
    const count = (inputTokens: number) =>
      call("setTokens", { session: SESSION, tokens: { inputTokens, outputTokens: 0 } });
    count(1);
    empty(database, "sqlite_autoindex_axio_context_tokens_1");
    count(2);
    call("repair", {});
    expect(check(storage)).toEqual({ ok: true, problems: [] });
    expect(call("tokens", { session: SESSION })).toEqual({ inputTokens: 2, outputTokens: 0 });
  });
});

describe("a database that this package wrote", () => {
  test.each(["opfs", "memory"] as const)("is found in order, whatever was written (%s)", async (storage) => {
    const connection = await openDatabase({ storage });
    const store = new SQLiteContextStore(connection, "s");
    const texts = ["", "\u0000nul", "a\ud83d", "\ude00", "x".repeat(79) + "\ud83d", "x".repeat(79) + "😀😀", "\ufffe"];
    for (const [i, words] of texts.entries()) {
      const one = new SQLiteContextStore(connection, `s${i}`, { project: i % 2 ? "a" : "b" });
      await one.appendAll([text("system", words), user(words), assistant(words)]);
      await one.fork();
      await (await one.fork({ upTo: 1 })).append(user("later"));
    }
    await store.append(user("gone"));
    await store.clear();
    await new SQLiteContextStore(connection, "s0", { project: "other", dbName: "notes" }).append(user("note"));
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
    expect(await connection.checkIntegrity({ repair: true })).toEqual({ ok: true, problems: [] });
    expect(words(await new SQLiteContextStore(connection, "s2", { project: "b" }).getHistory())[0]).toBe("a\ud83d");
  });
});
