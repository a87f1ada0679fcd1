import { describe, expect, test } from "vitest";
import type { SQLiteContextStore } from "../../src/index.js";
import { rejection } from "../fixtures/errors.js";
import { assistant, everyBlock, user, words } from "../fixtures/messages.js";
import { editsContract } from "./edits.js";
import { rangesContract } from "./ranges.js";
import { uidContract } from "./uid.js";

export interface SqliteBackend {
  /** A store on a session that is empty, in a project that nobody else has. */
  readonly open: () => Promise<SQLiteContextStore>;
  /** A store on a session of the same id in another project. */
  readonly sibling: (store: SQLiteContextStore) => SQLiteContextStore;
  /** A store on another session of the same project. */
  readonly neighbour: (store: SQLiteContextStore, sessionId: string) => SQLiteContextStore;
}

/** What {@link SQLiteContextStore} promises beyond the contract of all stores. */
export function sqliteContract(name: string, backend: SqliteBackend): void {
  describe.each([name])("%s", () => {
    rangesContract(backend);
    uidContract(backend);
    editsContract(backend);
    rowsContract(backend);
    listContract(backend);
    sqliteForkContract(backend);
  });
}

function rowsContract({ open }: SqliteBackend): void {
  test("tells where an appended message lies", async () => {
    const store = await open();
    const first = await store.append(user("first"));
    const second = await store.append(assistant("second"));
    expect(first).toStrictEqual({
      id: expect.any(Number),
      uid: expect.stringMatching(/^[A-Za-z0-9_-]{20,}$/),
      position: 0,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    });
    expect(second.position).toBe(1);
    expect(second.id).toBeGreaterThan(first.id);
    expect(second.uid).not.toBe(first.uid);
    expect(await store.getMessages()).toStrictEqual([
      { ...first, ...user("first"), status: "complete" },
      { ...second, ...assistant("second"), status: "complete" },
    ]);
  });

  test("gives a uid to each message that is appended with others", async () => {
    const store = await open();
    await store.appendAll(everyBlock());
    const messages = await store.getMessages();
    expect(new Set(messages.map(({ uid }) => uid)).size).toBe(everyBlock().length);
    expect(messages.every(({ uid }) => uid !== undefined)).toBe(true);
  });

  test("keeps metadata, and shows it to nobody who reads the history", async () => {
    const store = await open();
    const metadata = { model: "m", nested: { list: [1, null, "ü\ud83d"], empty: {} }, "": 0 };
    await store.append(user("with"), { metadata });
    await store.append(user("without"));
    await store.append(user("empty"), { metadata: {} });
    const [first, second, third] = await store.getMessages();
    expect(first?.metadata).toStrictEqual(metadata);
    expect(second).not.toHaveProperty("metadata");
    expect(third?.metadata).toStrictEqual({});
    expect(await store.getHistory()).toStrictEqual([user("with"), user("without"), user("empty")]);
  });

  test("shows it to nobody who reads a history that is long", async () => {
    const store = await open();
    const rest = Array.from({ length: 300 }, (_, number) => user(`without ${number}`));
    await store.append(user("with"), { metadata: { model: "m" } });
    await store.appendAll(rest);
    expect(await store.getHistory()).toStrictEqual([user("with"), ...rest]);
  });

  test("what is done to metadata right after the call changes nothing", async () => {
    const store = await open();
    const metadata = { list: [1] };
    const call = store.append(user("hello"), { metadata });
    metadata.list.push(2);
    await call;
    expect((await store.getMessages())[0]?.metadata).toEqual({ list: [1] });
  });

  test("never gives an id again, not even after a clear", async () => {
    const store = await open();
    const before = [await store.append(user("a")), await store.append(user("b"))];
    await store.clear();
    const after = await store.append(user("c"));
    expect(after.id).toBeGreaterThan(Math.max(...before.map(({ id }) => id)));
    expect(after.position).toBe(0);
  });
}

function listContract({ open, neighbour }: SqliteBackend): void {
  test("lists all sessions of the project, newest first, and of those of one second the greatest id first", async () => {
    const store = await open();
    const ids = ["m", "z", "a", "Ω", "10", "9"];
    for (const id of ids) await neighbour(store, id).append(user(`in ${id}`));
    // What is written last makes a session no newer.
    await neighbour(store, "m").append(user("again"));
    const listed = await store.listSessions();
    expect(listed.map(({ sessionId }) => sessionId).sort()).toEqual([...ids].sort());
    const keys = listed.map(({ createdAt, sessionId }) => `${createdAt} ${sessionId}`);
    expect(keys).toEqual([...keys].sort().toReversed());
    expect(listed.find(({ sessionId }) => sessionId === "m")).toMatchObject({ messageCount: 2, preview: "in m" });
  });
}

function sqliteForkContract({ open, sibling, neighbour }: SqliteBackend): void {
  describe("fork of an SQLite store", () => {
    test("takes the first messages only when told how many, and says where it came from", async () => {
      const store = await open();
      await store.appendAll([user("0"), user("1"), user("2")]);
      const fork = await store.fork({ upTo: 2, sessionId: "fork" });
      expect(fork.sessionId).toBe("fork");
      expect(fork.project).toBe(store.project);
      expect(words(await fork.getHistory())).toEqual(["0", "1"]);
      const info = (await store.listSessions()).find(({ sessionId }) => sessionId === "fork");
      expect(info).toMatchObject({ parentSessionId: store.sessionId, forkedAt: 2, messageCount: 2 });
      expect(await (await store.fork({ upTo: 0 })).getHistory()).toEqual([]);
      expect(await (await store.fork({ upTo: 99 })).getHistory()).toHaveLength(3);
    });

    test("keeps metadata and gives new ids", async () => {
      const store = await open();
      await store.append(user("hello"), { metadata: { a: 1 } });
      const [original] = await store.getMessages();
      const [copy] = await (await store.fork()).getMessages();
      expect(copy?.metadata).toEqual({ a: 1 });
      expect(copy?.id).not.toBe(original?.id);
    });

    test("refuses an id that has messages in this project, and leaves both sessions", async () => {
      const store = await open();
      await store.append(user("mine"));
      await neighbour(store, "taken").append(user("theirs"));
      await rejection(store.fork({ sessionId: "taken" }), "conflict");
      await rejection(store.fork({ sessionId: store.sessionId }), "conflict");
      expect(words(await neighbour(store, "taken").getHistory())).toEqual(["theirs"]);
      expect(words(await store.getHistory())).toEqual(["mine"]);
    });

    test("refuses its own id, and keeps its token counts, also without messages", async () => {
      const store = await open();
      await store.setContextTokens(3, 4);
      await rejection(store.fork({ sessionId: store.sessionId }), "conflict");
      expect(await store.getContextTokens()).toEqual({ inputTokens: 3, outputTokens: 4 });
    });

    test("takes an id that only another project uses", async () => {
      const store = await open();
      await store.appendAll([user("mine"), user("too")]);
      const target = crypto.randomUUID();
      const foreign = sibling(neighbour(store, target));
      await foreign.append(user("theirs"));
      const fork = await store.fork({ sessionId: target });
      expect(words(await fork.getHistory())).toEqual(["mine", "too"]);
      expect(words(await foreign.getHistory())).toEqual(["theirs"]);
    });
  });
}
