import { expect, test } from "vitest";
import { databaseDirectory } from "../../src/database-directory.js";
import { SQLiteContextStore } from "../../src/index.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { largeFile } from "../fixtures/large-file.js";
import { user, words } from "../fixtures/messages.js";
import { filesBelow } from "../fixtures/opfs-files.js";

const SESSIONS = 8;
const MESSAGES = 400;

test("a large database is exported as one state of it, while others go on writing", async () => {
  const path = freshPath();
  const connection = await openDatabase({ path });
  await connection.import(await largeFile(SESSIONS, MESSAGES, 7000));
  expect((await connection.status()).sizeBytes).toBeGreaterThan(16 * 1024 * 1024);
  const stores = ["session0", "session7", "new"].map((id) => new SQLiteContextStore(connection, id, { project: "p" }));
  await stores[0]!.setTitle("Titled");

  const state = { exporting: true };
  const exporting = connection.export().finally(() => (state.exporting = false));
  let written = 0;
  while (state.exporting) {
    for (const store of stores) await store.append(user(`written ${written}`));
    written++;
  }
  const file = await exporting;
  expect(written).toBeGreaterThan(3);
  // Nothing that is written later changes or removes it.
  for (const store of stores) await store.clear();
  await connection.export();

  const copy = await openDatabase({ path: freshPath() });
  await copy.import(file);
  const found = await Promise.all(
    stores.map(({ sessionId }) => new SQLiteContextStore(copy, sessionId, { project: "p" }).getHistory()),
  );
  const added = found.map((history) => words(history).filter((text) => text.startsWith("written")));
  const last = added[0]!.length;
  expect(last).toBeGreaterThan(0);
  for (const [i, texts] of added.entries()) {
    // The last round may be in it in part: in the order in which it was written.
    expect([last, last - 1]).toContain(texts.length);
    expect(texts).toEqual(texts.map((_, n) => `written ${n}`));
    expect(texts.length).toBeLessThanOrEqual(added[Math.max(0, i - 1)]!.length);
  }
  expect((await stores[0]!.listSessions()).length).toBe(SESSIONS - 2);
  const list = await new SQLiteContextStore(copy, "any", { project: "p" }).listSessions();
  expect(list.find(({ sessionId }) => sessionId === "session0")).toMatchObject({ title: "Titled" });
  expect(await copy.checkIntegrity()).toEqual({ ok: true, problems: [] });

  // A purge leaves no copy either.
  expect([...(await filesBelow(path)).keys()].some((name) => name.startsWith("/.exports/"))).toBe(true);
  await stores[2]!.append(user("again"));
  await stores[2]!.deleteSession();
  await connection.purgeDeleted();
  expect([...(await filesBelow(path)).keys()].filter((name) => name.startsWith("/.exports/"))).toEqual([]);
});

test("an exported file can be read for a day, and then makes room when the database is opened", async () => {
  const path = freshPath();
  await (await openDatabase({ path })).close();
  const exports = await (await databaseDirectory(path)).getDirectoryHandle(".exports", { create: true });
  await exports.getFileHandle("exported.sqlite", { create: true });
  const names = async () => [...(await filesBelow(path)).keys()].filter((name) => name.startsWith("/.exports/"));

  const today = await openDatabase({ path });
  await today.status();
  await today.close();
  expect(await names()).toHaveLength(1);
  const worker = () => new Worker(new URL("../fixtures/days-later-worker.ts", import.meta.url), { type: "module" });
  await openDatabase({ path, worker });
  await expect.poll(names, { timeout: 60_000 }).toEqual([]);
});
