import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/index.js";
import { rejection } from "../fixtures/errors.js";
import { assistant, user, words } from "../fixtures/messages.js";
import type { SqliteBackend } from "./sqlite.js";

export function uidContract({ open, sibling, neighbour }: SqliteBackend): void {
  describe("append with a uid", () => {
    test("keeps the uid that it is given", async () => {
      const store = await open();
      const ref = await store.append(user("hello"), { uid: "msg-1" });
      expect(ref.uid).toBe("msg-1");
      expect((await store.getMessages())[0]?.uid).toBe("msg-1");
    });

    test("makes one when it is undefined", async () => {
      const store = await open();
      const { uid } = await store.append(user("hello"), { uid: undefined, metadata: undefined });
      expect(uid).not.toBe("");
    });

    test("writes the same uid once, and answers with the same place", async () => {
      const store = await open();
      const first = await store.append(user("hello"), { uid: "msg-1", metadata: { a: 1 } });
      const again = await store.append(user("something else"), { uid: "msg-1" });
      expect(again).toStrictEqual(first);
      expect(words(await store.getHistory())).toEqual(["hello"]);
      expect(await store.listSessions()).toMatchObject([{ messageCount: 1, preview: "hello" }]);
    });

    test("answers with the same place after other messages were appended", async () => {
      const store = await open();
      await store.append(user("before"));
      const first = await store.append(user("hello"), { uid: "msg-1" });
      await store.appendAll([assistant("after"), user("after")]);
      expect(await store.append(user("hello"), { uid: "msg-1" })).toStrictEqual(first);
      expect(first.position).toBe(1);
      expect(words(await store.getHistory())).toEqual(["before", "hello", "after", "after"]);
    });

    test("answers with the position in this project where two share the session id", async () => {
      const store = await open();
      const other = sibling(store);
      await other.appendAll([user("other"), user("other")]);
      const first = await store.append(user("hello"), { uid: "msg-1" });
      await other.append(user("other"));
      expect(first.position).toBe(0);
      expect(await store.append(user("hello"), { uid: "msg-1" })).toStrictEqual(first);
    });

    test("writes it once when it is called twice without waiting", async () => {
      const store = await open();
      const [first, second] = await Promise.all([
        store.append(user("hello"), { uid: "msg-1" }),
        store.append(user("hello"), { uid: "msg-1" }),
      ]);
      expect(second).toStrictEqual(first);
      expect(await store.getHistory()).toHaveLength(1);
    });

    test("writes it again in another session, in another project, and after a clear", async () => {
      const store = await open();
      await store.append(user("first"), { uid: "msg-1" });
      await neighbour(store, "other").append(user("second"), { uid: "msg-1" });
      await sibling(store).append(user("third"), { uid: "msg-1" });
      await store.clear();
      await store.append(user("fourth"), { uid: "msg-1" });
      expect(words(await neighbour(store, "other").getHistory())).toEqual(["second"]);
      expect(words(await sibling(store).getHistory())).toEqual(["third"]);
      expect(words(await store.getHistory())).toEqual(["fourth"]);
    });

    test.each([
      ["empty", ""],
      ["overlong", "x".repeat(513)],
      ["half of a surrogate pair", "a\ud83d"],
      ["a number", 7],
    ])("refuses a uid that is %s", async (_, uid) => {
      const store = await open();
      await rejection(store.append(user("hello"), { uid: uid as string }), "invalid-argument");
      expect(await store.getHistory()).toEqual([]);
    });

    test.each([
      ["a BigInt", { a: 1n }],
      ["undefined", { a: [undefined] }],
      ["NaN", { a: Number.NaN }],
      ["a Date", { a: new Date(0) }],
    ])("refuses metadata with %s", async (_, metadata) => {
      const store = await open();
      await rejection(store.append(user("hello"), { metadata: metadata as unknown as JsonObject }), "invalid-message");
      expect(await store.getHistory()).toEqual([]);
    });
  });
}
