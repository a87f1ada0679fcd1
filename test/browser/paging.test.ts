import { describe, expect, test } from "vitest";
import { type Connection, SQLiteContextStore, type StoredMessage } from "../../src/index.js";
import { type MessageBatch, readBatch } from "../../src/message-batch.js";
import { openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { user, words } from "../fixtures/messages.js";
import { WatchedWorker } from "../fixtures/watched-worker.js";

const LONG = 10_000;

/** Sessions whose messages say the same at the same distance from the end. */
async function fill(connection: Connection, length: number): Promise<SQLiteContextStore> {
  const store = new SQLiteContextStore(connection, `of ${length}`);
  const messages = Array.from({ length }, (_, place) => user(`${(length - place) % 10} ${"x".repeat(200)}`));
  for (let at = 0; at < length; at += 1000) await store.appendAll(messages.slice(at, at + 1000));
  return store;
}

async function collect(messages: AsyncIterable<StoredMessage>): Promise<StoredMessage[]> {
  const all: StoredMessage[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

describe("what a page of a session costs", () => {
  /** Messages in the answers, and their size but for ids, positions and times. */
  async function crossing(watched: WatchedWorker, read: () => Promise<unknown>): Promise<unknown> {
    watched.crossings.length = 0;
    await read();
    const calls = watched.crossings.map(({ request, reply }) => {
      if (!reply?.ok) throw new Error("no answer");
      const messages = readBatch(reply.value as MessageBatch);
      const said = messages.map((message) => ({ ...message, id: 0, position: 0, createdAt: "" }));
      return [request.name, messages.length, JSON.stringify(said).length];
    });
    return calls;
  }

  test("is the same for the last 50, a page before, a page after and a step of the iterator, however long it is", async () => {
    const watched = new WatchedWorker();
    const connection = await openDatabase({ worker: watched.start });
    const [short, long] = [await fill(connection, 200), await fill(connection, LONG)];
    const step = async (store: SQLiteContextStore) => {
      const iterator = store.messages({ batch: 20 });
      for (let i = 0; i < 20; i++) await iterator.next();
      await iterator.return();
    };
    const reads: readonly [rows: number, read: (store: SQLiteContextStore, length: number) => Promise<unknown>][] = [
      [50, (store) => store.getMessages({ last: 50 })],
      [30, (store, length) => store.getMessages({ before: length - 100, limit: 30 })],
      [30, (store, length) => store.getMessages({ after: length - 60, limit: 30 })],
      [10, (store) => store.getMessages({ before: 10 })],
      [20, (store) => step(store)],
    ];
    for (const [rows, read] of reads) {
      const ofShort = await crossing(watched, () => read(short, 200));
      expect(ofShort).toEqual([["messages", rows, expect.any(Number)]]);
      expect(await crossing(watched, () => read(long, LONG))).toEqual(ofShort);
    }
  });
});

describe("paging", () => {
  test("forward and backward meets without gap or overlap while another store appends", async () => {
    const connection = await openDatabase();
    const store = await fill(connection, 500);
    const writer = new SQLiteContextStore(connection, store.sessionId);
    const [opened] = await store.getMessages({ last: 1 });
    const middle = opened!.position - 100;
    const appends: Promise<unknown>[] = [];
    const append = () => appends.push(writer.append(user(`appended ${appends.length}`)));
    const backward: StoredMessage[] = [];
    for (let before = middle; before > 0; before = backward[0]!.position) {
      append();
      backward.unshift(...(await store.getMessages({ before, limit: 37 })));
      append();
    }
    const forward: StoredMessage[] = [];
    for (let page: StoredMessage[] | undefined; page?.length !== 0; forward.push(...page)) {
      if (appends.length < 200) for (let i = 0; i < 5; i++) append();
      page = await store.getMessages({ after: forward.at(-1)?.position ?? middle - 1, limit: 23 });
    }
    await Promise.all(appends);
    const read = [...backward, ...forward];
    expect(read.map(({ position }) => position)).toEqual(read.map((_, place) => place));
    expect(read.length).toBeGreaterThanOrEqual(700);
    expect(read).toStrictEqual((await store.getMessages()).slice(0, read.length));
  });

  test("with the iterator gives each message once, those that are appended meanwhile too", async () => {
    const connection = await openDatabase({ storage: "memory" });
    const store = await fill(connection, 120);
    const writer = new SQLiteContextStore(connection, store.sessionId);
    const read: StoredMessage[] = [];
    for await (const message of store.messages({ batch: 10 })) {
      if (read.length < 60) await writer.append(user("appended"));
      read.push(message);
    }
    expect(read).toHaveLength(180);
    expect(read).toStrictEqual(await store.getMessages());
  });

  test("with the iterator gives what is appended while the last batch is looked at", async () => {
    const connection = await openDatabase({ storage: "memory" });
    const store = await fill(connection, 2);
    const read: StoredMessage[] = [];
    for await (const message of store.messages()) {
      if (read.length < 2) await store.append(user("appended"));
      read.push(message);
    }
    expect(read).toHaveLength(4);
    expect(read).toStrictEqual(await store.getMessages());
  });

  test.each([undefined, 1, 7, 50, 99, 100, 101, 1000])(
    "with the iterator gives the history in batches of %s",
    async (batch) => {
      const connection = await openDatabase({ storage: "memory" });
      const store = await fill(connection, 100);
      expect(await collect(store.messages({ batch }))).toStrictEqual(await store.getMessages());
      const empty = new SQLiteContextStore(connection, "empty");
      expect(await collect(empty.messages({ batch }))).toEqual([]);
    },
  );

  test("with the iterator reads no page that nobody asks for", async () => {
    const watched = new WatchedWorker();
    const store = await fill(await openDatabase({ storage: "memory", worker: watched.start }), 300);
    watched.crossings.length = 0;
    for await (const message of store.messages()) if (message.position === 99) break;
    expect(watched.crossings.map(({ request: { args } }) => args)).toMatchObject([
      { range: { after: -1, limit: 100 } },
    ]);
  });

  test.each([0, -1, 0.5, Number.NaN, "10", null])("with the iterator refuses a batch of %s", async (batch) => {
    const connection = await openDatabase({ storage: "memory" });
    const store = new SQLiteContextStore(connection, "s");
    await rejection(collect(store.messages({ batch: batch as number })), "invalid-argument");
    expect(words(await store.getHistory())).toEqual([]);
  });
});
