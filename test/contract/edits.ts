import { describe, expect, test } from "vitest";
import type { Message, SQLiteContextStore, StoredMessage } from "../../src/index.js";
import { rejection } from "../fixtures/errors.js";
import { assistant, toolConversation, user, words } from "../fixtures/messages.js";
import type { SqliteBackend } from "./sqlite.js";

const LENGTH = toolConversation().length;
const POSITIONS = Array.from({ length: LENGTH }, (_, position) => position);

const BAD_COUNTS: readonly unknown[] = [-1, 0.5, Number.NaN, Infinity, 2 ** 53, "1", null];

export function editsContract({ open, sibling, neighbour }: SqliteBackend): void {
  /** A store with a conversation in which every second message belongs to a tool call, metadata on each. */
  async function openConversation(): Promise<{ store: SQLiteContextStore; before: StoredMessage[] }> {
    const store = await open();
    for (const [place, message] of toolConversation().entries()) await store.append(message, { metadata: { place } });
    await store.setContextTokens(7, 8);
    return { store, before: await store.getMessages() };
  }

  /** All but what moves: the position. */
  function withoutPlace(messages: readonly StoredMessage[]): unknown[] {
    return messages.map((message) => ({ ...message, position: undefined }));
  }

  /** What holds after every edit: the rest is as it was, positions are dense, no id was seen before, tokens stay. */
  async function expectEdited(
    store: SQLiteContextStore,
    before: readonly StoredMessage[],
    [start, deleted]: readonly [start: number, deleted: number],
    added: readonly Message[],
  ): Promise<void> {
    const after = await store.getMessages();
    expect(after.map(({ position }) => position)).toEqual(after.map((_, place) => place));
    expect(withoutPlace(after.slice(0, start))).toStrictEqual(withoutPlace(before.slice(0, start)));
    const rest = withoutPlace(before.slice(start + deleted));
    expect(withoutPlace(after.slice(start + added.length))).toStrictEqual(rest);
    const fresh = after.slice(start, start + added.length);
    expect(fresh.map(({ role, content }) => ({ role, content }))).toStrictEqual(added);
    const highest = Math.max(0, ...before.map(({ id }) => id));
    for (const { id, metadata } of fresh) expect([id > highest, metadata]).toEqual([true, undefined]);
    expect(await store.getContextTokens()).toEqual({ inputTokens: 7, outputTokens: 8 });
    await expectListed(store, after);
  }

  async function expectListed(store: SQLiteContextStore, messages: readonly StoredMessage[]): Promise<void> {
    const info = (await store.listSessions()).find(({ sessionId }) => sessionId === store.sessionId);
    if (messages.length === 0) return expect(info).toBeUndefined();
    const firstUser = messages.find(({ role }) => role === "user");
    expect(info).toMatchObject({
      messageCount: messages.length,
      preview: (firstUser && words([firstUser])[0]) || "(no preview)",
      createdAt: messages.map(({ createdAt }) => createdAt).sort()[0],
    });
  }

  describe("edits of a history with tool calls", () => {
    test.each(POSITIONS)("replaceMessage at %i", async (position) => {
      const { store, before } = await openConversation();
      const message = position % 2 ? assistant("replaced ".repeat(100)) : user("replaced");
      await store.replaceMessage(position, message, { expectId: before[position]!.id });
      await expectEdited(store, before, [position, 1], [message]);
      expect(await store.getHistory()).toStrictEqual(toolConversation().toSpliced(position, 1, message));
    });

    test.each([...POSITIONS, LENGTH, LENGTH + 5])("truncate to %i", async (length) => {
      const { store, before } = await openConversation();
      const expectId = length === 0 ? undefined : before.at(Math.min(length, LENGTH) - 1)!.id;
      await store.truncate(length, { expectId });
      await expectEdited(store, before, [length, LENGTH], []);
      expect(await store.getHistory()).toStrictEqual(toolConversation().slice(0, length));
    });

    test.each([...POSITIONS, LENGTH])("splice at %i: more, as many, and fewer than it takes out", async (start) => {
      for (const count of [0, 1, 4]) {
        const { store, before } = await openConversation();
        const deleted = Math.min(2, LENGTH - start);
        const added = Array.from({ length: count }, (_, place) => user(`added ${place}`));
        const expectIds = before.slice(start, start + deleted).map(({ id }) => id);
        await store.splice(start, deleted, added, { expectIds });
        await expectEdited(store, before, [start, deleted], added);
        expect(await store.getHistory()).toStrictEqual(toolConversation().toSpliced(start, deleted, ...added));
      }
    });

    test.each([...POSITIONS, LENGTH])(
      "fork of the first %i, and an edit of either, which the other does not see",
      async (upTo) => {
        const { store, before } = await openConversation();
        const fork = await store.fork({ upTo });
        await fork.splice(0, upTo, [user("only in the fork")]);
        expect(await store.getMessages()).toStrictEqual(before);
        const whole = await store.fork();
        await store.truncate(0);
        expect(await whole.getHistory()).toStrictEqual(toolConversation());
      },
    );

    test("replaceHistory", async () => {
      const { store, before } = await openConversation();
      const added = [user("a summary"), assistant("noted")];
      await store.replaceHistory(added, { expectedLength: LENGTH });
      await expectEdited(store, before, [0, LENGTH], added);
      await store.replaceHistory([]);
      expect(await store.getMessages()).toEqual([]);
    });
  });

  describe("an edit", () => {
    test("of a session that has no messages yet begins it", async () => {
      const store = await open();
      await store.splice(0, 0, [user("first"), assistant("second")]);
      expect(words(await store.getHistory())).toEqual(["first", "second"]);
      expect(await store.listSessions()).toMatchObject([{ messageCount: 2, preview: "first" }]);
      await store.replaceHistory([user("third")], { expectedLength: 2 });
      expect(words(await store.getHistory())).toEqual(["third"]);
    });

    test("that leaves nothing takes the session out of the list, and what is appended begins it anew", async () => {
      const { store, before } = await openConversation();
      await store.splice(0, LENGTH, []);
      expect(await store.listSessions()).toEqual([]);
      expect(await store.append(user("again"))).toMatchObject({ position: 0 });
      expect((await store.getMessages())[0]!.id).toBeGreaterThan(before.at(-1)!.id);
    });

    test("is followed by appends at the end", async () => {
      const { store } = await openConversation();
      await store.splice(1, 3, [user("x")]);
      expect((await store.append(user("last"))).position).toBe(LENGTH - 2);
      await store.truncate(2);
      expect((await store.append(user("last"))).position).toBe(2);
      expect(words(await store.getMessages({ after: 1 }))).toEqual(["last"]);
    });

    test("leaves other sessions, and the same session id in another project, as they are", async () => {
      const { store } = await openConversation();
      const others = [neighbour(store, "neighbour"), sibling(store), sibling(neighbour(store, "neighbour"))];
      for (const other of others) await other.appendAll([user("0"), assistant("1"), user("2")]);
      await store.append(user("behind the sibling's"));
      const before = await Promise.all(others.map((other) => other.getMessages()));
      await store.splice(2, 1, [user("a"), user("b"), user("c")]);
      await store.splice(0, 2, []);
      await store.truncate(1);
      await store.replaceMessage(0, user("d"));
      expect(await Promise.all(others.map((other) => other.getMessages()))).toStrictEqual(before);
      expect(words(await store.getHistory())).toEqual(["d"]);
      await store.truncate(0);
      expect(await Promise.all(others.map((other) => other.getMessages()))).toStrictEqual(before);
    });

    test("takes what is handed over as it is at the call", async () => {
      const { store } = await openConversation();
      const messages = [user("before")];
      const call = store.splice(0, 1, messages);
      messages[0] = user("after");
      await call;
      expect(words(await store.getMessages({ limit: 1 }))).toEqual(["before"]);
    });
  });

  describe("an edit that cannot be made changes nothing:", () => {
    const edits: Readonly<Record<string, (store: SQLiteContextStore, ids: number[]) => Promise<void>>> = {
      "splice of other ids": (store, ids) => store.splice(1, 2, [user("x")], { expectIds: [ids[1]!, ids[3]!] }),
      "splice of ids in another order": (store, ids) => store.splice(1, 2, [], { expectIds: [ids[2]!, ids[1]!] }),
      "splice of fewer ids than it takes out": (store, ids) => store.splice(1, 2, [], { expectIds: [ids[1]!] }),
      "splice of more ids than it takes out": (store, ids) => store.splice(1, 1, [], { expectIds: ids.slice(1, 3) }),
      "splice of ids beyond the end": (store, ids) => store.splice(LENGTH, 1, [], { expectIds: [ids[0]!] }),
      "an insertion with ids": (store, ids) => store.splice(1, 0, [user("x")], { expectIds: [ids[1]!] }),
      "replaceMessage of another id": (store, ids) => store.replaceMessage(1, user("x"), { expectId: ids[2]! }),
      "replaceMessage beyond the end": (store) => store.replaceMessage(LENGTH, user("x"), { expectId: 1 }),
      "truncate after another id": (store, ids) => store.truncate(2, { expectId: ids[2]! }),
      "truncate of a history that is shorter": (store) => store.truncate(LENGTH + 1, { expectId: 1 }),
      "truncate to nothing after an id": (store, ids) => store.truncate(0, { expectId: ids[0]! }),
      "replaceHistory of another length": (store) => store.replaceHistory([], { expectedLength: LENGTH - 1 }),
    };
    test.each(Object.entries(edits))("%s rejects conflict", async (_, edit) => {
      const { store, before } = await openConversation();
      const error = await rejection(
        edit(
          store,
          before.map(({ id }) => id),
        ),
        "conflict",
      );
      expect(error.outcome).toBe("not-applied");
      expect(await store.getMessages()).toStrictEqual(before);
    });

    test("one that another store made first rejects conflict", async () => {
      const { store, before } = await openConversation();
      const same = neighbour(store, store.sessionId);
      await same.replaceMessage(3, user("theirs"));
      const now = await store.getMessages();
      await rejection(store.replaceMessage(3, user("mine"), { expectId: before[3]!.id }), "conflict");
      await rejection(store.truncate(4, { expectId: before[3]!.id }), "conflict");
      expect(await store.getMessages()).toStrictEqual(now);
    });

    test.each<readonly [number, number]>([
      [LENGTH, 1],
      [LENGTH + 1, 0],
      [0, LENGTH + 1],
      [LENGTH - 1, 2],
    ])("splice(%i, %i) of messages that are not there rejects not-found", async (start, deleteCount) => {
      const { store, before } = await openConversation();
      await rejection(store.splice(start, deleteCount, [user("x")]), "not-found");
      expect(await store.getMessages()).toStrictEqual(before);
    });

    test("replaceMessage of a message that is not there rejects not-found", async () => {
      const { store, before } = await openConversation();
      await rejection(store.replaceMessage(LENGTH, user("x")), "not-found");
      expect(await store.getMessages()).toStrictEqual(before);
    });

    test.each(BAD_COUNTS)("%s for a number rejects invalid-argument", async (bad) => {
      const { store, before } = await openConversation();
      const value = bad as number;
      await rejection(store.splice(value, 0, []), "invalid-argument");
      await rejection(store.splice(0, value, []), "invalid-argument");
      await rejection(store.splice(0, 1, [], { expectIds: [value] }), "invalid-argument");
      await rejection(store.replaceMessage(value, user("x")), "invalid-argument");
      await rejection(store.replaceMessage(0, user("x"), { expectId: value }), "invalid-argument");
      await rejection(store.truncate(value), "invalid-argument");
      await rejection(store.truncate(1, { expectId: value }), "invalid-argument");
      await rejection(store.replaceHistory([], { expectedLength: value }), "invalid-argument");
      await rejection(store.fork({ upTo: value }), "invalid-argument");
      expect(await store.getMessages()).toStrictEqual(before);
    });

    test.each<unknown>([undefined, null, {}, "text", 1])("%s for an array rejects invalid-argument", async (bad) => {
      const { store, before } = await openConversation();
      await rejection(store.splice(0, 1, bad as Message[]), "invalid-argument");
      await rejection(store.replaceHistory(bad as Message[]), "invalid-argument");
      if (bad !== undefined)
        await rejection(store.splice(0, 1, [], { expectIds: bad as number[] }), "invalid-argument");
      expect(await store.getMessages()).toStrictEqual(before);
    });

    test("a message that cannot be stored rejects invalid-message, and takes the good ones with it", async () => {
      const { store, before } = await openConversation();
      const bad = { role: "user", content: [{ type: "nothing" }] } as unknown as Message;
      await rejection(store.splice(0, 1, [user("good"), bad]), "invalid-message");
      await rejection(store.replaceMessage(0, bad), "invalid-message");
      await rejection(store.replaceMessage(0, undefined as unknown as Message), "invalid-message");
      await rejection(store.replaceHistory([bad]), "invalid-message");
      expect(await store.getMessages()).toStrictEqual(before);
    });

    test("undefined for every option is as good as none", async () => {
      const { store } = await openConversation();
      await store.splice(0, 1, [], { expectIds: undefined });
      await store.replaceMessage(0, user("x"), { expectId: undefined });
      await store.truncate(1, { expectId: undefined });
      await store.replaceHistory([user("y")], { expectedLength: undefined });
      expect(words(await store.getHistory())).toEqual(["y"]);
    });
  });
}
