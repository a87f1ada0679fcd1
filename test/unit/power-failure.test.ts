import { assert, asyncProperty, array, constantFrom, record } from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { OwnerRequest } from "../../worker/requests.js";
import { previewOf } from "../../src/preview.js";
import type { Reply } from "../../src/protocol.js";
import type { Owner } from "../../worker/owner/owner.js";
import { loadSqlite } from "../../worker/sqlite/load.js";
import { CAPACITY, openPoolStorage } from "../../worker/storage/pool-storage.js";
import type { Storage } from "../../worker/storage/storage.js";
import { PoolFile, type SyncHandle } from "../../worker/vfs/pool-file.js";
import { Pool } from "../../worker/vfs/pool.js";
import { type Device, FragileHandle } from "../fixtures/fragile-handle.js";
import { ownerOf } from "../fixtures/owner.js";

const dbName = "axio_context";
const session = { dbName, project: "p", sessionId: "s" };

let device: Device;
let handles: FragileHandle[];
let storage: Storage;
let owner: Owner;
let seq = 0;

async function open(create = false): Promise<void> {
  const files = handles.map((handle, place) => new PoolFile(handle, `number ${place}`));
  const pool = new Pool(files, () => Promise.resolve(true));
  storage = openPoolStorage(await loadSqlite(), pool, { path: "fragile", create });
  owner = ownerOf(storage);
}

function close(): void {
  owner.stop();
  storage.release();
}

/** What was not flushed is gone, and the directory lists its files in another order. */
function losePower(): void {
  owner.stop();
  for (const handle of handles) handle.losePower();
  handles.reverse();
}

async function call(name: OwnerRequest["name"], args: object, full = false): Promise<Reply> {
  const request = { seq: ++seq, name, args, terms: { full, busyTimeout: 5000 } } as OwnerRequest;
  const batch = { client: "page", unanswered: [seq], requests: [request] };
  return (await owner.carryOut(batch, () => {}))[0]!;
}

function append(uid: string, full = false): Promise<Reply> {
  const content = [{ type: "text", text: `${uid} hello` }] as const;
  const message = { uid, role: "user", content: `plain:${JSON.stringify(content)}`, preview: previewOf(content) };
  return call("append", { session, messages: [message] }, full);
}

async function uids(): Promise<unknown[]> {
  const reply = await call("messages", { session, range: {} });
  return (reply as { value: { uid: string }[] }).value.map(({ uid }) => uid);
}

async function found(query: string): Promise<number> {
  const reply = await call("search", { dbName, query, limit: 1000 });
  if (!reply.ok) throw new Error(reply.error.code);
  return (JSON.parse(reply.value as string) as unknown[]).length;
}

/** Gives what is there: a beginning of `known`, if that is given, and at least so many. */
async function expectSound(known: readonly string[] | undefined, least: number): Promise<string[]> {
  const now = (await uids()) as string[];
  expect(now).toEqual((known ?? now).slice(0, now.length));
  expect(now.length).toBeGreaterThanOrEqual(known ? least : 0);
  expect(await found("hello")).toBe(now.length);
  expect(await call("check", {})).toMatchObject({ value: { ok: true } });
  return now;
}

beforeEach(async () => {
  device = { isFull: false };
  handles = Array.from({ length: CAPACITY }, () => new FragileHandle(device));
  await open(true);
});

afterEach(close);

describe("after a power failure", () => {
  test("there is what was flushed before it was acknowledged, also over a clean end", async () => {
    await append("one", true);
    close();
    handles.reverse();
    await open();
    await append("two", true);
    losePower();
    await open();
    expect(await uids()).toEqual(["one", "two"]);
  });

  test("a search finds the messages that are back", async () => {
    await append("one", true);
    await append("two", true);
    expect(await found("hello")).toBe(2);
    storage.openIndex().run("PRAGMA wal_checkpoint(TRUNCATE)");
    await call("clear", { session });
    await call("purgeDeleted", { dbName });
    losePower();
    await open();
    expect(await found("hello")).toBe((await uids()).length);
    expect(await call("check", {})).toMatchObject({ value: { ok: true } });
  });

  test("nothing that was flushed is missing, and the database opens, whatever came before", async () => {
    const step = record({ kind: constantFrom("append", "full", "clear", "purge", "search", "close", "power") });
    await assert(
      asyncProperty(array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        close();
        handles = Array.from({ length: CAPACITY }, () => new FragileHandle(device));
        await open(true);
        /** Those that are there, and how many of them for sure. */
        let there: string[] = [];
        let sure = 0;
        let clearedAt = -1;
        for (const [place, { kind }] of [...steps, { kind: "power" }].entries()) {
          if (kind === "append" || kind === "full") {
            await append(`${place}`, kind === "full");
            there.push(`${place}`);
            if (kind === "full") {
              sure = there.length;
              clearedAt = -1;
            }
          } else if (kind === "clear") {
            await call("clear", { session });
            there = [];
            sure = 0;
            clearedAt = place;
          } else if (kind === "purge") await call("purgeDeleted", { dbName });
          else if (kind === "search") await found("hello");
          else {
            if (kind === "close") close();
            else losePower();
            await open();
            // What was cleared without a flush may be back; nothing else differs from what was done, but for its end.
            const isKnown = clearedAt < 0 || kind === "close";
            there = await expectSound(isKnown ? there : undefined, kind === "close" ? there.length : sure);
            sure = 0;
            clearedAt = -1;
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("a file gets its name before its data, and loses it before another one may get it", () => {
  const done: string[] = [];
  const handle = {
    read: () => 0,
    write: (bytes: Uint8Array, { at }: { at: number }) => {
      done.push(at === 0 ? (bytes.some(Boolean) ? "name" : "no name") : "data");
      return bytes.length;
    },
    getSize: () => 0,
    truncate: () => void done.push("no data"),
    flush: () => void done.push("flush"),
    close: () => {},
  } satisfies SyncHandle;
  const file = new PoolFile(handle, "one");
  file.claim("/name", 0x100);
  file.write(new Uint8Array(8), 0);
  file.free();
  expect(done.filter((each, place) => each !== "no data" || place > 0)).toEqual([
    "name",
    "flush",
    "data",
    "no data",
    "flush",
    "no name",
    "flush",
  ]);
});

test("a file that could not be freed to its end keeps its name with its next data", () => {
  const handle = new FragileHandle(device);
  const file = new PoolFile(handle, "one");
  file.reserve();
  file.claim("/name", 0x100);
  file.write(Uint8Array.of(7), 0);
  let flushes = 0;
  const flush = vi.spyOn(handle, "flush").mockImplementation(() => {
    if (++flushes === 2) throw new Error("not now");
  });
  expect(() => file.free()).toThrow("not now");
  flush.mockRestore();
  file.write(Uint8Array.of(8), 0);
  const pool = new Pool([new PoolFile(handle, "one")], () => Promise.resolve(true));
  expect(pool.names).toEqual(["/name"]);
});

test("an empty file with the name of another is a free one", async () => {
  await append("one", true);
  close();
  const named = (data: number) => {
    const handle = new FragileHandle(device);
    const file = new PoolFile(handle, "twin");
    file.reserve();
    file.claim("/name", 0x100);
    file.write(Uint8Array.of(7), 0);
    file.truncate(data);
    return handle;
  };
  const open2 = (...twins: readonly FragileHandle[]) =>
    new Pool(
      twins.map((handle, place) => new PoolFile(handle, `${place}`)),
      () => Promise.resolve(true),
    );
  for (const twins of [
    [named(0), named(1)],
    [named(1), named(0)],
    [named(0), named(0)],
  ]) {
    const pool = open2(...twins);
    expect(pool.names).toEqual(["/name"]);
    expect(pool.get("/name")!.size()).toBe(Math.max(...twins.map((twin) => twin.getSize())) - 4096);
    pool.create("/another", 0x100).write(Uint8Array.of(1), 0);
    expect(pool.get("/another")!.size()).toBe(1);
  }
  expect(() => open2(named(1), named(1))).toThrow(/is there twice/);
  await open();
});

describe("on a full disk", () => {
  test("searches, checks and exports go on, after a new opening too", async () => {
    await append("one");
    expect(await found("hello")).toBe(1);
    close();
    device.isFull = true;
    await open();
    expect(await found("hello")).toBe(1);
    expect(await call("check", {})).toMatchObject({ ok: true, value: { ok: true } });
    expect(await call("export", {})).toMatchObject({ ok: true });
    device.isFull = false;
    for (let number = 0; number < 200; number++) await append(`${number} ${"x".repeat(300)}`);
    device.isFull = true;
    const exported = await call("export", {});
    expect(await call("check", {})).toMatchObject({ ok: true, value: { ok: true } });
    device.isFull = false;
    const file = (exported as { value: Blob }).value;
    await call("clear", { session });
    expect(await call("import", { file, mode: "merge", importId: "i" })).toMatchObject({
      ok: true,
      value: { messagesAdded: 201 },
    });
  });

  test("a write that reached the file, and not the device, is of unknown outcome", async () => {
    await append("one", true);
    device.failure = new DOMException("no room", "QuotaExceededError");
    expect(await append("two", true)).toMatchObject({ ok: false, error: { outcome: "unknown" } });
    device.failure = undefined;
    expect(await append("three", true)).toMatchObject({ ok: true });
  });

  test("one that is sent again to the next owner is flushed before it is acknowledged", async () => {
    await append("one", true);
    device.failure = new DOMException("no room", "QuotaExceededError");
    expect(await append("two", true)).toMatchObject({ ok: false, error: { outcome: "unknown" } });
    device.failure = undefined;
    owner.stop();
    await open();
    const again = seq--;
    device.failure = new DOMException("no room", "QuotaExceededError");
    expect(await append("two", true)).toMatchObject({ ok: false, error: { code: "quota", outcome: "unknown" } });
    device.failure = undefined;
    seq = again - 1;
    expect(await append("two", true)).toMatchObject({ ok: true });
    losePower();
    await open();
    expect(await uids()).toEqual(["one", "two"]);
  });

  test("an import that brings a prefix, and finds no room, leaves the prefix to whoever writes to it next", async () => {
    const other = { ...session, dbName: "other" };
    const message = { uid: "uid", role: "user", content: `plain:[{"type":"text","text":"${"x".repeat(20_000)}"}]` };
    await call("append", { session: other, messages: [message] });
    const { value: file } = (await call("export", {})) as { value: Blob };
    close();
    handles = Array.from({ length: CAPACITY }, () => new FragileHandle(device));
    await open(true);
    await append("one");
    const { database } = storage;
    const run = database.run.bind(database);
    vi.spyOn(database, "run").mockImplementation((sql, ...values) => {
      if (sql === "COMMIT") device.isFull = true;
      run(sql, ...values);
    });
    expect(await call("import", { file, mode: "replace", importId: "i" })).toMatchObject({ error: { code: "quota" } });
    vi.restoreAllMocks();
    device.isFull = false;
    expect(await call("messages", { session: other, range: {} })).toMatchObject({ ok: true, value: [] });
    expect(await call("append", { session: other, messages: [message] })).toMatchObject({ ok: true });
    expect(await uids()).toEqual(["one"]);
  });

  test("the first write after an opening is refused, and not of unknown outcome", async () => {
    await append("one");
    close();
    device.isFull = true;
    await open();
    expect(await append("two")).toMatchObject({ ok: false, error: { code: "quota", outcome: "not-applied" } });
    device.isFull = false;
    expect(await append("two")).toMatchObject({ ok: true });
    expect(await uids()).toEqual(["one", "two"]);
  });
});
