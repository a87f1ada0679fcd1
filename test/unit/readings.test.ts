import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { MessageRef } from "../../src/messages.js";
import type { MessageRow, Operations } from "../../src/operations.js";
import type { Reply } from "../../src/protocol.js";
import type { Owner } from "../../worker/owner/owner.js";
import type { OwnerOperation, OwnerRequest } from "../../worker/requests.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import type { Storage } from "../../worker/storage/storage.js";
import { nextTurn } from "../../worker/slices.js";
import { ownerOf } from "../fixtures/owner.js";

type Args<Name extends OwnerOperation> = Parameters<Operations<string>[Name]>[0];
type Rows = readonly MessageRow<unknown>[];

const session = { dbName: "axio_context", project: "p", sessionId: "s" };
const terms = { full: false, busyTimeout: 5000 };
const LENGTH = 1000;

let seq = 0;
let storage: Storage;
let owner: Owner;

beforeEach(async () => {
  storage = await openMemoryStorage();
  owner = ownerOf(storage);
  await append(session, LENGTH);
  // Every step takes longer than others should wait.
  let now = performance.now();
  vi.spyOn(performance, "now").mockImplementation(() => (now += 1000));
});

afterEach(() => {
  vi.restoreAllMocks();
  owner.stop();
});

async function run<Name extends OwnerOperation>(
  name: Name,
  args: Args<Name>,
  tell: (rows: Rows) => void = () => {},
): Promise<Reply> {
  seq++;
  const requests = [{ seq, name, args, terms } as OwnerRequest];
  const replies = owner.carryOut({ client: "page", unanswered: [seq], requests }, tell);
  return (await replies)[0]!;
}

const hello = { role: "user", content: "plain:[]" };

function append(to: typeof session, count: number): Promise<Reply> {
  const messages = Array.from({ length: count }, () => ({ ...hello, uid: crypto.randomUUID() }));
  return run("append", { session: to, messages });
}

/** Begins to read; gives what has been told so far, and what there is in the end. */
function read(args: Partial<Args<"messages">> = {}) {
  const told: Rows[] = [];
  const all = run("messages", { session, range: {}, ...args }, (rows) => told.push(rows)).then((reply) => {
    if (!reply.ok) throw new Error(reply.error.message);
    return { rows: [...told.flat(), ...(reply.value as Rows)], version: reply.version };
  });
  return { told, all };
}

function positions(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, place) => from + place);
}

test("what need not be read is left out, and read where it is not known after all", async () => {
  const kept = { json: "[]", texts: "" };
  const known = { first: 3, last: 5, get: (id: number) => (id === 4 ? undefined : kept) };
  const { rows } = await read({ range: { limit: 6 }, known }).all;
  expect(rows.map(({ content }) => content)).toEqual(["plain:[]", "plain:[]", kept, "plain:[]", kept, "plain:[]"]);
});

describe("a long history is read in slices", () => {
  test("which are told as they are read, and give all rows in their order", async () => {
    const reading = read();
    expect(reading.told).toHaveLength(1);
    const { rows, version } = await reading.all;
    expect(rows.map(({ position }) => position)).toEqual(positions(0, LENGTH));
    expect(rows.map(({ id }) => id)).toEqual(positions(1, LENGTH + 1));
    expect(version).toBeDefined();
    expect(reading.told.length).toBeGreaterThan(3);
  });

  test("as is every long range, and no short one", async () => {
    for (const [range, from, to] of [
      [{ last: 300 }, 700, 1000],
      [{ after: 100 }, 101, 1000],
      [{ before: 400 }, 0, 400],
      [{ after: 9, before: 600, limit: 500 }, 10, 510],
      [{ after: 9, before: 600, last: 500 }, 100, 600],
    ] as const) {
      const { told, all } = read({ range });
      expect((await all).rows.map(({ position }) => position)).toEqual(positions(from, to));
      expect(told.length).toBeGreaterThan(0);
    }
    const short = read({ range: { last: 50 } });
    expect((await short.all).rows.map(({ position }) => position)).toEqual(positions(950, 1000));
    expect(short.told).toEqual([]);
  });

  test("between which others have their turn; what is appended meanwhile is not in it", async () => {
    const order: string[] = [];
    const { all } = read();
    const [{ rows, version }] = await Promise.all([
      all.then((answer) => (order.push("history"), answer)),
      append(session, 1).then(() => order.push("append")),
    ]);
    expect(order).toEqual(["append", "history"]);
    expect(rows.map(({ position }) => position)).toEqual(positions(0, LENGTH));
    // It is not that of one version.
    expect(version).toBeUndefined();
  });

  test("all of which come before an import is taken back", async () => {
    const imported = { ...session, sessionId: "imported" };
    const there = await openMemoryStorage();
    const theirs = ownerOf(there);
    for (const [to, count] of [
      [imported, 400],
      [{ ...session, sessionId: "long" }, 5000],
    ] as const) {
      const messages = Array.from({ length: count }, () => ({ ...hello, uid: crypto.randomUUID() }));
      const requests = [{ seq: 1, name: "append", args: { session: to, messages }, terms } as OwnerRequest];
      await theirs.carryOut({ client: to.sessionId, unanswered: [1], requests }, () => {});
    }
    const file = new Blob([there.exportFile()]);
    theirs.stop();

    const importing = run("import", { file, mode: "merge", importId: "i" });
    const count = () =>
      Number(storage.database.value("SELECT count(*) FROM axio_context_messages WHERE session_id = 'imported'"));
    while (count() < 400) await nextTurn();
    await append(imported, 200);
    const { all } = read({ session: imported });
    await run("abortImport", { importId: "i" });
    expect((await all).rows.map(({ position }) => position)).toEqual(positions(0, 600));
    expect(await importing).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect((await read({ session: imported }).all).rows.map(({ position }) => position)).toEqual(positions(0, 200));
  });

  test.each([
    ["cleared", () => run("clear", { session })],
    ["edited", () => run("splice", { session, kind: "truncate", start: 3, messages: [] })],
    ["deleted", () => run("deleteSession", { session, deletionId: "d" })],
  ] as const)("all of which come before the session is %s", async (_what, edit) => {
    const { all } = read();
    const edited = edit();
    const { rows } = await all;
    expect(rows.map(({ position }) => position)).toEqual(positions(0, LENGTH));
    expect((await edited).ok).toBe(true);
    expect((await read().all).rows.length).toBeLessThan(4);
  });

  test("all of which come before a message at its end is complete, and what follows it is there", async () => {
    const partial = { uid: "partial", role: "assistant", content: "plain:[]", status: "partial" as const };
    const begun = await run("append", { session, messages: [partial] });
    const [{ id }] = (begun as { value: [MessageRef] }).value;
    const { all } = read();
    const followedBy = [{ uid: "next", role: "user", content: "plain:[]" }];
    const finished = run("finish", { session, id, content: 'plain:["complete"]', messages: followedBy });
    expect((await all).rows.at(-1)).toMatchObject({ id, status: "partial", content: "plain:[]" });
    expect((await finished).ok).toBe(true);
    expect((await read().all).rows.slice(-2)).toMatchObject([{ id, status: null }, { uid: "next" }]);
  });

  test("unless another project has messages under its id: it is read in one go", async () => {
    await append({ ...session, project: "q" }, 1);
    const { told, all } = read();
    expect(told).toEqual([]);
    expect((await all).rows).toHaveLength(LENGTH);
  });

  test("and fails where the database is closed in the middle", async () => {
    const { told, all } = read();
    const [outcome] = await Promise.allSettled([all, owner.close()]);
    expect(outcome).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("is closed") } });
    expect(told.length).toBeLessThan(LENGTH / 128 - 1);
  });

  test("and is not read where nothing has changed since the worker that asks has seen it", async () => {
    const { version } = await read().all;
    expect(await run("messages", { session, range: {}, seen: version })).toEqual({ ok: true, value: null, version });
  });
});
