import { describe, expect, test } from "vitest";
import { type Connection, SQLiteContextStore } from "../../src/index.js";
import { poolDirectory } from "../../src/database-directory.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { assistant, user } from "../fixtures/messages.js";
import { filesBelow, runsIn } from "../fixtures/opfs-files.js";
import { filesOf, INDEX } from "../fixtures/pool.js";
import { appendByPython } from "../fixtures/python.js";

async function found(connection: Connection, query: string, options = {}): Promise<string[]> {
  const hits = await connection.search(query, { limit: 1000, ...options });
  return hits.map(({ sessionId, position }) => `${sessionId} ${position}`).sort();
}

describe("a search in a database", () => {
  async function open() {
    const connection = await openDatabase();
    const store = new SQLiteContextStore(connection, "session", { project: "p" });
    return { connection, store };
  }

  test("finds what was written, edited, removed and brought back, as soon as the call has returned", async () => {
    const { connection, store } = await open();
    await store.append(user("first needle"));
    expect(await found(connection, "needle")).toEqual(["session 0"]);
    await store.appendAll([assistant("second"), user("third needle")]);
    expect(await found(connection, "needle")).toEqual(["session 0", "session 2"]);
    await store.replaceMessage(0, user("first thread"));
    expect(await found(connection, "needle")).toEqual(["session 2"]);
    expect(await found(connection, "thread")).toEqual(["session 0"]);
    const fork = await store.fork({ sessionId: "fork" });
    expect(await found(connection, "needle")).toEqual(["fork 2", "session 2"]);
    await fork.splice(0, 2, []);
    expect(await found(connection, "needle")).toEqual(["fork 0", "session 2"]);
    await fork.deleteSession();
    expect(await found(connection, "needle")).toEqual(["session 2"]);
    await connection.restoreSession((await connection.listDeletedSessions())[0]!);
    expect(await found(connection, "needle")).toEqual(["fork 0", "session 2"]);
    await store.truncate(1);
    expect(await found(connection, "needle")).toEqual(["fork 0"]);
    await fork.clear();
    expect(await found(connection, "needle")).toEqual([]);
  });

  test("finds a session that was deleted and restored before anyone searched", async () => {
    const { connection, store } = await open();
    await store.append(user("needle"));
    await store.deleteSession();
    expect(await found(connection, "needle")).toEqual([]);
    await connection.restoreSession((await connection.listDeletedSessions())[0]!);
    expect(await found(connection, "needle")).toEqual(["session 0"]);
  });

  test("finds a message that is being written, as far as it is written", async () => {
    const { connection, store } = await open();
    const writer = await store.beginMessage("assistant");
    writer.update([{ type: "text", text: "a needle comes" }]);
    await expect.poll(() => found(connection, "needle")).toEqual(["session 0"]);
    writer.update([{ type: "text", text: "a needle comes with a thread" }]);
    await expect.poll(() => found(connection, "needle thread")).toEqual(["session 0"]);
    await writer.finish([{ type: "text", text: "only a thread" }]);
    expect(await found(connection, "needle")).toEqual([]);
    expect(await found(connection, "thread")).toEqual(["session 0"]);
    const other = await store.beginMessage("assistant");
    expect(await found(connection, "nothing")).toEqual([]);
    await other.finish([{ type: "text", text: "found when it is complete" }]);
    expect(await found(connection, "complete")).toEqual(["session 1"]);
    const aborted = await store.beginMessage("assistant");
    aborted.update([{ type: "text", text: "taken back" }]);
    await aborted.abort();
    expect(await found(connection, "taken")).toEqual([]);
  });

  test("looks only where it is told to", async () => {
    const { connection, store } = await open();
    const elsewhere = new SQLiteContextStore(connection, "session", { project: "q" });
    const behind = new SQLiteContextStore(connection, "behind", { project: "p", dbName: "other" });
    await store.appendAll([user("needle"), assistant("needle")]);
    await elsewhere.append(user("needle"));
    await behind.append(user("needle"));
    expect(await connection.search("needle", { project: "q" })).toMatchObject([{ project: "q", position: 0 }]);
    expect(await found(connection, "needle", { project: "p" })).toEqual(["session 0", "session 1"]);
    expect(await found(connection, "needle", { sessionId: "session" })).toHaveLength(3);
    expect(await found(connection, "needle", { role: "assistant" })).toEqual(["session 1"]);
    expect(await found(connection, "needle", { dbName: "other" })).toEqual(["behind 0"]);
    expect(await found(connection, "needle", { dbName: "none" })).toEqual([]);
    expect(await connection.search("needle", { limit: 2 })).toHaveLength(2);
    expect(await connection.search("needle", { limit: 0 })).toEqual([]);
    const [{ createdAt }] = (await connection.search("needle")) as unknown as [{ createdAt: string }];
    const written = new Date(`${createdAt.replace(" ", "T")}Z`);
    const [before, after] = [-3_600_000, 3_600_000].map((ms) => new Date(written.getTime() + ms)) as [Date, Date];
    expect(await found(connection, "needle", { since: written, until: after })).not.toEqual([]);
    expect(await found(connection, "needle", { since: after })).toEqual([]);
    expect(await found(connection, "needle", { until: before, project: "p" })).toEqual([]);
  });

  test("tells where a hit is, and shows it", async () => {
    const { connection, store } = await open();
    const { id, createdAt } = await store.append(user("Where is\nthe Needle?"));
    expect(await connection.search("needle")).toEqual([
      {
        sessionId: "session",
        project: "p",
        messageId: id,
        position: 0,
        role: "user",
        snippet: "Where is the ⟦Needle⟧?",
        createdAt,
      },
    ]);
  });

  test("finds what tools were asked and answered", async () => {
    const { connection, store } = await open();
    await store.append({
      role: "assistant",
      content: [
        {
          type: "tool_use",
          id: "call",
          name: "read_file",
          input: { path: "src/index.ts", deep: [{ a: "inner" }], year: 1987 },
        },
      ],
    });
    const content = [{ type: "text", text: "export nothing" }] as const;
    await store.append({
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "call", content, is_error: false },
        { type: "tool_result", tool_use_id: "other", content: "plain answer", is_error: true },
      ],
    });
    for (const query of ["read_file", "src/index.ts", "inner", "1987"])
      expect(await found(connection, query)).toEqual(["session 0"]);
    for (const query of ["nothing", '"plain answer"']) expect(await found(connection, query)).toEqual(["session 1"]);
  });

  test("finds what was imported, in place of what was here, too", async () => {
    const { connection, store } = await open();
    await store.append(user("needle"));
    const file = await connection.export();
    const other = await openDatabase();
    await other.import(file);
    expect(await found(other, "needle")).toEqual(["session 0"]);
    await new SQLiteContextStore(other, "more", { project: "p" }).append(user("needle and thread"));
    await other.import(file, { mode: "replace" });
    expect(await found(other, "needle")).toEqual(["session 0"]);
    expect(await found(other, "thread")).toEqual([]);
  });

  test("refuses what makes no sense", async () => {
    const { connection } = await open();
    const bad: readonly (readonly [unknown, unknown?])[] = [
      [undefined],
      [7],
      ["x", { limit: -1 }],
      ["x", { limit: 0.5 }],
      ["x", { since: "2026-01-01" }],
      ["x", { until: new Date(Number.NaN) }],
      ["x", { dbName: "a b" }],
      ["x", { project: "" }],
      ["x", { role: 7 }],
      ["x", { role: "tool" }],
    ];
    for (const [query, options] of bad) {
      const { message } = await rejection(connection.search(query as string, options as object), "invalid-argument");
      expect(message).toMatch(/\.$/);
    }
  });
});

describe("the search index", () => {
  async function fill(connection: Connection, count = 50): Promise<SQLiteContextStore> {
    const store = new SQLiteContextStore(connection, "session", { project: "p" });
    await store.appendAll(Array.from({ length: count }, (_, n) => user(`needle number${n} of many words`)));
    return store;
  }

  test("follows in the background, and says how far it is", async () => {
    const connection = await openDatabase();
    await fill(connection);
    await expect
      .poll(async () => (await connection.status()).searchIndex, { timeout: 30_000 })
      .toEqual({ indexed: 50, total: 50 });
  });

  test("waits for the next search where that is wanted", async () => {
    const path = freshPath();
    const connection = await openDatabase({ path, searchIndex: "on-demand" });
    await fill(connection);
    expect((await filesOf(path)).has(INDEX)).toBe(false);
    expect(await found(connection, '"number7"')).toEqual(["session 7"]);
  });

  test("is kept over a new opening, and is no part of an exported file", async () => {
    const path = freshPath();
    const connection = await openDatabase({ path });
    await fill(connection);
    expect(await found(connection, '"number7"')).toEqual(["session 7"]);
    const exported = await (await connection.export()).text();
    expect(exported).toContain("number7");
    expect(exported).not.toContain("_words");
    await connection.close();
    expect((await filesOf(path)).has(INDEX)).toBe(true);
    const again = await openDatabase({ path, searchIndex: "on-demand" });
    expect((await again.status()).searchIndex).toEqual({ indexed: 50, total: 50 });
    expect(await found(again, '"number7"')).toEqual(["session 7"]);
  });

  /** Writes over the data of the index's file, behind the header that names it. */
  async function damage(path: string, at: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for await (const handle of (await poolDirectory(path)).values()) {
      if (handle.kind !== "file" || !(await (await handle.getFile()).slice(0, 512).text()).startsWith(`${INDEX}\0`))
        continue;
      const writable = await handle.createWritable({ keepExistingData: true });
      await writable.write({ type: "write", position: 4096 + at, data: bytes });
      await writable.close();
      return;
    }
    throw new Error("there is no index");
  }

  test.each([
    ["its header", 0, 100],
    ["its schema", 100, 4000],
    ["its first pages", 4096, 40_000],
    ["all of it", 0, 200_000],
  ])("is made anew when %s is damaged", async (_, at, length) => {
    const path = freshPath();
    const connection = await openDatabase({ path });
    await fill(connection, 300);
    expect(await found(connection, '"number7"')).toEqual(["session 7"]);
    await connection.close();
    await damage(path, at, new Uint8Array(length).fill(0x5a));
    const again = await openDatabase({ path, searchIndex: "on-demand" });
    expect(await again.checkIntegrity()).toMatchObject({ ok: false, problems: [{ kind: "index", repairable: true }] });
    expect(await found(again, '"number7"')).toEqual(["session 7"]);
    expect(await again.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  test("is made anew by a repair", async () => {
    const path = freshPath();
    const connection = await openDatabase({ path });
    await fill(connection, 300);
    await found(connection, "number7");
    await connection.close();
    await damage(path, 4096, new Uint8Array(20_000));
    const again = await openDatabase({ path });
    expect((await again.checkIntegrity({ repair: true })).ok).toBe(false);
    await expect.poll(() => again.checkIntegrity()).toEqual({ ok: true, problems: [] });
    expect(await found(again, '"number7"')).toEqual(["session 7"]);
  });

  test("of another database is not used", async () => {
    const [path, other] = [freshPath(), freshPath()];
    for (const [place, text] of [
      [path, "needle"],
      [other, "thread"],
    ] as const) {
      const connection = await openDatabase({ path: place });
      await new SQLiteContextStore(connection, "session", { project: "p" }).append(user(text));
      expect(await found(connection, text)).toEqual(["session 0"]);
      await connection.close();
    }
    await damage(path, 0, new Uint8Array(await (await filesOf(other)).get(INDEX)!.arrayBuffer()));
    const again = await openDatabase({ path, searchIndex: "on-demand" });
    expect(await found(again, "needle")).toEqual(["session 0"]);
    expect(await found(again, "thread")).toEqual([]);
  });

  test("finds what Python has written into an exported file", async () => {
    const connection = await openDatabase();
    await fill(connection, 3);
    const content = [{ type: "text", text: "written by a snake" }];
    const file = await appendByPython(await connection.export(), [
      { session_id: "session", project: "p", role: "assistant", content },
    ]);
    await connection.import(file);
    expect(await found(connection, "snake")).toEqual(["session 3"]);
  });

  test("has nothing left of what was purged", async () => {
    const path = freshPath();
    const connection = await openDatabase({ path });
    const store = await fill(connection, 200);
    const gone = new SQLiteContextStore(connection, "gone", { project: "p" });
    const words = Array.from({ length: 400 }, () => crypto.randomUUID().replaceAll("-", "").replace(/\d/g, "x"));
    for (const word of words) await gone.append(user(`${word} ${word.slice(3)}`));
    expect(await found(connection, words[7]!)).toEqual(["gone 7"]);
    await gone.deleteSession();
    const needles = words.map((word) => new TextEncoder().encode(word));
    const traces = (files: ReadonlyMap<string, Uint8Array>) => runsIn(files, needles);
    expect(traces(await filesBelow(path)).length).toBeGreaterThan(400);
    expect(await connection.purgeDeleted()).toBe(1);
    expect(traces(await filesBelow(path))).toEqual([]);
    expect(await found(connection, '"number7"')).toEqual(["session 7"]);
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
    await store.append(user("after the purge"));
    expect(await found(connection, "purge")).toEqual(["session 200"]);
  });
});
