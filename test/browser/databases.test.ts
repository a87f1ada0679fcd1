import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  connect,
  deleteDatabase,
  listDatabases,
  type Message,
  rescueDatabase,
  SQLiteContextStore,
} from "../../src/index.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { user } from "../fixtures/messages.js";

function texts(history: readonly Message[]): string[] {
  return history.flatMap(({ content }) => content.flatMap((block) => (block.type === "text" ? block.text : [])));
}

/** A database with one message in it, closed. */
async function makeDatabase(path: string, words: string): Promise<string> {
  const connection = await connect(path);
  await new SQLiteContextStore(connection, "s").append(user(words));
  await connection.close();
  return path;
}

/** The next folder that is looked into is deleted meanwhile. */
function deletedMeanwhile(method: "keys" | "values"): void {
  const spy = vi.spyOn(FileSystemDirectoryHandle.prototype, method);
  onTestFinished(() => spy.mockRestore());
  spy.mockImplementation(async function* () {
    yield* [];
    throw new DOMException("It is not there.", "NotFoundError");
  });
}

describe("listDatabases", () => {
  test("lists nothing of what is deleted meanwhile", async () => {
    await makeDatabase(freshPath(), "gone");
    deletedMeanwhile("keys");
    expect(await listDatabases()).toEqual([]);
  });

  test("lists databases by the paths that they were opened with", async () => {
    const [first, second] = [`a/${freshPath()}`, `100% "q" ä?/${freshPath()}`];
    await makeDatabase(first, "one");
    await makeDatabase(`~/${second}`, "two");
    expect(await listDatabases()).toEqual(expect.arrayContaining([first, second]));
  });
});

test("a database is deleted by the path that it is listed with, and no other", async () => {
  const path = freshPath();
  await makeDatabase(path, "kept");
  await makeDatabase(`/~/${path}`, "gone");
  const listed = (await listDatabases()).filter((each) => each.includes(path));
  expect(listed.toSorted()).toEqual([`/~/${path}`, path].toSorted());
  await deleteDatabase(`/~/${path}`);
  const connection = await openDatabase({ path });
  expect(texts(await new SQLiteContextStore(connection, "s").getHistory())).toEqual(["kept"]);
  expect((await listDatabases()).filter((each) => each.includes(path))).toEqual([path]);
});

describe("deleteDatabase", () => {
  test("deletes a database, and a new one of that path begins empty", async () => {
    const path = await makeDatabase(freshPath(), "gone");
    await deleteDatabase(path);
    expect(await listDatabases()).not.toContain(path);
    const connection = await openDatabase({ path: path });
    expect(await new SQLiteContextStore(connection, "s").getHistory()).toEqual([]);
  });

  test("leaves a database whose path begins with the deleted one's", async () => {
    const path = freshPath();
    await makeDatabase(path, "gone");
    await makeDatabase(`${path}/inner`, "kept");
    await deleteDatabase(path);
    const connection = await openDatabase({ path: `${path}/inner` });
    expect(texts(await new SQLiteContextStore(connection, "s").getHistory())).toEqual(["kept"]);
  });

  test("rejects busy while this page has it open, and deletes nothing", async () => {
    const path = freshPath();
    const connection = await openDatabase({ path: path });
    const store = new SQLiteContextStore(connection, "s");
    await store.append(user("kept"));
    await rejection(deleteDatabase(path), "busy");
    await store.append(user("kept too"));
    expect(texts(await store.getHistory())).toEqual(["kept", "kept too"]);
  });

  test("does nothing where there is no such database", async () => {
    const before = await listDatabases();
    await deleteDatabase(freshPath());
    expect(await listDatabases()).toEqual(before);
  });

  test.each(["", "a//b", "../a", "a\\b"])("rejects the path %j", async (path) => {
    expect((await rejection(deleteDatabase(path), "invalid-argument")).outcome).toBe("not-applied");
    expect((await rejection(rescueDatabase(path), "invalid-argument")).outcome).toBe("not-applied");
  });
});

describe("rescueDatabase", () => {
  test("gives the files that SQLite wrote, which can be imported", async () => {
    const path = await makeDatabase(freshPath(), "rescued");
    const files = await rescueDatabase(path);
    const database = files.find(({ name }) => name.endsWith(".sqlite"))!;
    const wal = files.find(({ name }) => name.endsWith(".sqlite-wal"));
    const connection = await openDatabase();
    await connection.import(database, { wal });
    expect(texts(await new SQLiteContextStore(connection, "s").getHistory())).toEqual(["rescued"]);
  });

  test("rejects not-found where the database is deleted meanwhile", async () => {
    const path = await makeDatabase(freshPath(), "gone");
    deletedMeanwhile("values");
    const { message } = await rejection(rescueDatabase(path), "not-found");
    expect(message).toContain(path);
  });

  test("rejects busy where a tab that has the database open writes to it meanwhile", async () => {
    const path = await makeDatabase(freshPath(), "written");
    const reading = vi.spyOn(Blob.prototype, "arrayBuffer");
    onTestFinished(() => reading.mockRestore());
    reading.mockRejectedValueOnce(new DOMException("It has changed.", "NotReadableError"));
    const { message } = await rejection(rescueDatabase(path), "busy");
    expect(message).toContain(path);
  });

  test("rejects not-found where there is no such database", async () => {
    const { message } = await rejection(rescueDatabase(freshPath()), "not-found");
    expect(message).toContain("no database");
  });
});
