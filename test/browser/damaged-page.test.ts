import { expect, onTestFinished, test } from "vitest";
import { connect, SQLiteContextStore } from "../../src/index.js";
import { HEADER_BYTES, poolDirectory } from "../../src/database-directory.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { openMemoryDatabase } from "../fixtures/memory-database.js";
import { user, words } from "../fixtures/messages.js";
import { MAIN } from "../fixtures/pool.js";
import { Searcher } from "../../worker/search/searcher.js";

const SESSIONS = 20;

/** Overwrites the page of a closed database that holds the text. */
async function damagePageWith(path: string, text: string): Promise<void> {
  for await (const handle of (await poolDirectory(path)).values()) {
    const file = await (handle as FileSystemFileHandle).getFile();
    const bytes = new Uint8Array(await file.arrayBuffer());
    const characters = new TextDecoder("latin1").decode(bytes);
    if (!characters.startsWith(`${MAIN}\0`)) continue;
    const pageSize = new DataView(bytes.buffer).getUint16(HEADER_BYTES + 16);
    const place = characters.indexOf(text);
    expect(place).toBeGreaterThan(HEADER_BYTES);
    const writable = await (handle as FileSystemFileHandle).createWritable({ keepExistingData: true });
    const page = HEADER_BYTES + Math.floor((place - HEADER_BYTES) / pageSize) * pageSize;
    await writable.write({ type: "write", position: page, data: new Uint8Array(pageSize).fill(0xa5) });
    await writable.close();
  }
}

/** A closed database of which a page is damaged; gives what was exported before. */
async function damagedDatabase(path: string): Promise<Blob> {
  const first = await connect(path);
  for (let i = 0; i < SESSIONS; i++) {
    const store = new SQLiteContextStore(first, `s${i}`, { project: "p" });
    await store.appendAll(Array.from({ length: 30 }, (_, n) => user(`s${i}-${n} ${"x".repeat(300)}`)));
  }
  const exported = await first.export();
  await first.close();
  await damagePageWith(path, "s7-15 ");
  return exported;
}

test("checkIntegrity names a damaged page, and what can be read beside it stays readable", async () => {
  const path = freshPath();
  await damagedDatabase(path);
  const connection = await openDatabase({ path });
  const report = await connection.checkIntegrity();
  expect(report.ok).toBe(false);
  const pages = report.problems.filter(({ kind }) => kind === "page");
  expect(pages[0]).toMatchObject({ detail: expect.stringMatching(/page \d+/i), repairable: false });
  expect(pages.filter(({ sessionId }) => sessionId === "s7")).toMatchObject([{ dbName: "axio_context", project: "p" }]);
  expect(pages.filter(({ sessionId }) => sessionId === "s2")).toEqual([]);

  // It cannot be repaired, and asking for it makes nothing worse.
  const repaired = await connection.checkIntegrity({ repair: true });
  expect(repaired.problems.filter(({ kind }) => kind === "page")).toEqual(pages);
  await rejection(new SQLiteContextStore(connection, "s7", { project: "p" }).getHistory(), "corrupt");
  for (const i of [0, 2, SESSIONS - 1]) {
    const store = new SQLiteContextStore(connection, `s${i}`, { project: "p" });
    expect(words(await store.getHistory())).toHaveLength(30);
    expect((await store.listSessions()).find(({ sessionId }) => sessionId === `s${i}`)).toMatchObject({
      messageCount: 30,
    });
  }
});

test("an import that meets a damaged page of the database does not put it down to the file alone", async () => {
  const path = freshPath();
  const sound = await damagedDatabase(path);
  const connection = await openDatabase({ path });
  const { message } = await rejection(connection.import(sound), "corrupt");
  expect(message).toMatch(/^The file to import, or the database, is damaged/);
  const other = await openDatabase();
  expect(await other.import(sound)).toMatchObject({ sessionsAdded: SESSIONS });
});

test("messages whose ids begin again do not keep the search index growing for ever", async () => {
  const { storage, append } = await openMemoryDatabase();
  for (let number = 0; number < 60; number++) append(user(`word${number} ${"x".repeat(300)}`));
  const { database } = storage;
  const pageAt = (number: number) =>
    database.value("SELECT data FROM sqlite_dbpage WHERE pgno = ?", number) as Uint8Array<ArrayBuffer>;
  const root = database.value("SELECT rootpage FROM sqlite_schema WHERE name = 'axio_context_messages'");
  // Behind the header of a page are the offsets of its cells, and each of these begins with the number of a page.
  const tree = new DataView(pageAt(Number(root)).buffer);
  const leaf = (place: number) => tree.getUint32(tree.getUint16(12 + 2 * place));
  database.run("UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?", pageAt(leaf(0)), leaf(2));
  const searcher = new Searcher(storage, false);
  onTestFinished(() => searcher.stop());
  const search = searcher.search({ dbName: "axio_context", query: "word7", limit: 10 });
  const { message } = await rejection(search, "corrupt");
  expect(message).toContain("out of order");
});
