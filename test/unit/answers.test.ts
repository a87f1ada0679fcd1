import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type MessageBatch, readBatch } from "../../src/message-batch.js";
import type { SearchHit, StoredMessage } from "../../src/messages.js";
import { type ListText, type Operations, readList } from "../../src/operations.js";
import type { Reply, Success } from "../../src/protocol.js";
import type { Owner } from "../../worker/owner/owner.js";
import type { OwnerOperation, OwnerRequest } from "../../worker/requests.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import type { Storage } from "../../worker/storage/storage.js";
import { ownerOf } from "../fixtures/owner.js";

const session = { dbName: "axio_context", project: "p", sessionId: "s" };
const terms = { full: false, busyTimeout: 5000 };

let seq = 0;
let storage: Storage;
let owner: Owner;

beforeEach(async () => {
  storage = await openMemoryStorage();
  owner = ownerOf(storage);
});

afterEach(() => {
  vi.restoreAllMocks();
  owner.stop();
});

async function ask<Name extends OwnerOperation>(
  name: Name,
  args: Parameters<Operations<string>[Name]>[0],
): Promise<Reply> {
  seq++;
  const requests = [{ seq, name, args, terms } as OwnerRequest];
  return (await owner.run({ client: "page", unanswered: [seq], requests }))[0]!;
}

function append(count: number, text: string): Promise<Reply> {
  const content = `plain:${JSON.stringify([{ type: "text", text }])}`;
  const messages = Array.from({ length: count }, () => ({ uid: crypto.randomUUID(), role: "user", content }));
  return ask("append", { session, messages });
}

function batchOf(reply: Reply): MessageBatch | null {
  return (reply as Success<MessageBatch | null>).value;
}

describe("a long history", () => {
  const LENGTH = 1000;
  let number = 0;
  const rest = (token: string) => ask("rest", { token, number: ++number });

  beforeEach(async () => {
    number = 0;
    await append(LENGTH, "x".repeat(1000));
    // Every step takes longer than others should wait.
    let now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => (now += 1000));
  });

  test("begins with its first messages, while others have their turn, and goes on to its end", async () => {
    const order: string[] = [];
    const noted = async (name: string, asked: Promise<Reply>) => {
      const reply = await asked;
      order.push(name);
      return reply;
    };
    const asked = noted("first messages", ask("messages", { session, range: {} }));
    const [first] = await Promise.all([asked, noted("append", append(1, "later"))]);
    expect(order[0]).toBe("append");
    const messages: StoredMessage[] = [];
    let batches = 0;
    for (let batch = batchOf(first); batch; batch = batch.rest ? batchOf(await rest(batch.rest)) : null) {
      messages.push(...(readBatch(batch) as StoredMessage[]));
      batches++;
    }
    expect(batches).toBeGreaterThan(4);
    expect(messages.map(({ position }) => position)).toEqual(Array.from({ length: LENGTH }, (_, place) => place));
  });

  test("is not sent again where nothing has changed", async () => {
    let reply = await ask("messages", { session, range: {} });
    for (let batch = batchOf(reply); batch?.rest; batch = batchOf(reply)) reply = await rest(batch.rest);
    const { version } = reply as Success<unknown>;
    expect(version).toBeDefined();
    expect(await ask("messages", { session, range: {}, seen: version })).toEqual({ ok: true, value: null, version });
  });

  test("fails in the middle where a message cannot be read", async () => {
    storage.database.run("UPDATE axio_context_messages SET content = 'gzip:damaged' WHERE position = 500");
    let reply = await ask("messages", { session, range: {} });
    for (let batch = batchOf(reply); reply.ok && batch?.rest; batch = reply.ok ? batchOf(reply) : null)
      reply = await rest(batch.rest);
    expect(reply).toMatchObject({ ok: false, error: { code: "corrupt" } });
  });

  test("is to be asked for anew where the owner is another one since", async () => {
    const { rest: token } = batchOf(await ask("messages", { session, range: {} }))!;
    const next = ownerOf(storage);
    const request: OwnerRequest<"rest"> = { seq: 1, name: "rest", args: { token: token!, number: 1 }, terms };
    expect(await next.run({ client: "page", unanswered: [1], requests: [request] })).toEqual([
      { ok: true, value: null },
    ]);
    next.stop();
  });
});

test("what a search found comes with pieces of the texts, and the version of its answer", async () => {
  await append(1, "a needle");
  const args = { dbName: session.dbName, query: "needle", limit: 50 };
  const reply = (await ask("search", args)) as Success<ListText<SearchHit>>;
  expect(readList(reply.value)).toMatchObject([{ sessionId: "s", project: "p", position: 0, snippet: "a ⟦needle⟧" }]);
  const { version } = reply;
  expect(await ask("search", { ...args, seen: version })).toEqual({ ok: true, value: null, version });
});
