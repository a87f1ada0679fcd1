import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { connect, deleteDatabase, listDatabases, rescueDatabase, SQLiteContextStore } from "../../src/index.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { user, words } from "../fixtures/messages.js";

/** Takes a property away from a built-in object until the test has finished. */
function remove(target: object, name: string): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, name)!;
  Reflect.deleteProperty(target, name);
  onTestFinished(() => void Object.defineProperty(target, name, descriptor));
}

const SECURITY_ERROR = new DOMException("not here", "SecurityError");

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("connect", () => {
  test("says in a browser without OPFS that there is none, and how to do without", async () => {
    remove(StorageManager.prototype, "getDirectory");
    const { message } = await rejection(connect(freshPath()), "unsupported");
    expect(message).toContain("origin private file system");
    expect(message).toContain('storage: "memory"');
  });

  test("opens a database in memory there when asked to", async () => {
    remove(StorageManager.prototype, "getDirectory");
    const connection = await openDatabase({ storage: "memory" });
    const store = new SQLiteContextStore(connection, "s");
    await store.append(user("hello"));
    expect(words(await store.getHistory())).toEqual(["hello"]);
    expect(await connection.status()).toMatchObject({ storage: "memory" });
  });

  test("says on an insecure origin that it needs a secure one", async () => {
    vi.stubGlobal("isSecureContext", false);
    const { message } = await rejection(connect(freshPath()), "unsupported");
    expect(message).toContain("https");
  });

  test("says so where there are no workers", async () => {
    vi.stubGlobal("Worker", undefined);
    await expect(connect(freshPath())).rejects.toMatchObject({ code: "unsupported" });
  });

  test("says so in a private window, where OPFS is there and refuses", async () => {
    const worker = () =>
      new Worker(new URL("../fixtures/private-window-worker.ts", import.meta.url), { type: "module" });
    const { message } = await rejection(connect(freshPath(), { worker }), "unsupported");
    expect(message).toMatch(/private/i);
  });

  test.each([
    ["listDatabases", () => listDatabases()],
    ["deleteDatabase", () => deleteDatabase(freshPath())],
    ["rescueDatabase", () => rescueDatabase(freshPath())],
  ])("says so in a private window: %s", async (_, call) => {
    vi.spyOn(navigator.storage, "getDirectory").mockRejectedValue(SECURITY_ERROR);
    onTestFinished(() => void vi.restoreAllMocks());
    expect((await rejection(call(), "unsupported")).cause).toBe(SECURITY_ERROR);
  });

  test("says so where the browser forbids locks, too: deleteDatabase", async () => {
    vi.spyOn(navigator.locks, "request").mockRejectedValue(SECURITY_ERROR);
    onTestFinished(() => void vi.restoreAllMocks());
    expect((await rejection(deleteDatabase(freshPath()), "unsupported")).cause).toBe(SECURITY_ERROR);
  });

  test("says so in a frame that has no origin of its own", async () => {
    vi.stubGlobal("origin", "null");
    const { message } = await rejection(connect(freshPath()), "unsupported");
    expect(message).toContain("frame");
  });

  test("says so where OPFS has no synchronous access", async () => {
    const worker = () =>
      new Worker(new URL("../fixtures/no-sync-handles-worker.ts", import.meta.url), { type: "module" });
    const { message } = await rejection(connect(freshPath(), { worker }), "unsupported");
    expect(message).toContain('storage: "memory"');
  });

  test("opens a database in memory where the browser forbids locks, too, and says when its worker died", async () => {
    for (const name of ["query", "request"] as const) vi.spyOn(navigator.locks, name).mockRejectedValue(SECURITY_ERROR);
    onTestFinished(() => void vi.restoreAllMocks());
    let started: Worker | undefined;
    const worker = () =>
      (started = new Worker(new URL("../fixtures/no-locks-worker.ts", import.meta.url), { type: "module" }));
    await rejection(connect(freshPath(), { worker }), "unsupported");
    const connection = await openDatabase({ storage: "memory", worker });
    const store = new SQLiteContextStore(connection, "s");
    await store.append(user("hello"));
    expect(words(await store.getHistory())).toEqual(["hello"]);
    started!.terminate();
    await rejection(store.append(user("lost")), "worker-failed");
  });

  test("never falls back to memory by itself", async () => {
    remove(StorageManager.prototype, "getDirectory");
    await expect(connect(freshPath(), { storage: "opfs" })).rejects.toMatchObject({ code: "unsupported" });
    await expect(connect(freshPath(), { storage: undefined })).rejects.toMatchObject({ code: "unsupported" });
  });
});

test("a database in memory is gone when its last connection is closed, and leaves nothing in OPFS", async () => {
  const path = freshPath();
  const first = await connect(path, { storage: "memory" });
  await new SQLiteContextStore(first, "s").append(user("hello"));
  await first.close();
  const again = await openDatabase({ path, storage: "memory" });
  expect(await new SQLiteContextStore(again, "s").getHistory()).toEqual([]);
  const onDisk = await openDatabase({ path });
  expect(await new SQLiteContextStore(onDisk, "s").getHistory()).toEqual([]);
});
