import { describe, expect, test } from "vitest";
import { assistant, everyBlock, user, words } from "../fixtures/messages.js";
import type { Backend } from "./backend.js";

export function forkContract({ open }: Backend): void {
  describe("fork", () => {
    test("copies messages and token counts into a session of its own", async () => {
      const store = await open();
      await store.appendAll(everyBlock());
      await store.setContextTokens(100, 20);
      const fork = await store.fork();
      expect(fork.sessionId).toMatch(/^[0-9a-f]{32}$/);
      expect(fork.sessionId).not.toBe(store.sessionId);
      expect(await fork.getHistory()).toStrictEqual(everyBlock());
      expect(await fork.getContextTokens()).toEqual({ inputTokens: 100, outputTokens: 20 });
    });

    test("what happens to one afterwards does not happen to the other", async () => {
      const store = await open();
      await store.appendAll([user("shared"), assistant("shared")]);
      const fork = await store.fork();
      await store.append(user("in the original"));
      await fork.append(user("in the fork"));
      await store.addContextTokens(1, 1);
      await fork.setContextTokens(7, 8);
      expect(words(await store.getHistory())).toEqual(["shared", "shared", "in the original"]);
      expect(words(await fork.getHistory())).toEqual(["shared", "shared", "in the fork"]);
      expect(await store.getContextTokens()).toEqual({ inputTokens: 1, outputTokens: 1 });
      expect(await fork.getContextTokens()).toEqual({ inputTokens: 7, outputTokens: 8 });
    });

    test("clearing the fork leaves the original", async () => {
      const store = await open();
      await store.append(user("kept"));
      const fork = await store.fork();
      await fork.clear();
      expect(await fork.getHistory()).toEqual([]);
      expect(words(await store.getHistory())).toEqual(["kept"]);
    });

    test("forks an empty session, and forks a fork", async () => {
      const store = await open();
      const empty = await store.fork();
      expect(await empty.getHistory()).toEqual([]);
      await empty.append(user("first"));
      const second = await (await empty.fork()).fork();
      expect(words(await second.getHistory())).toEqual(["first"]);
      expect(await store.getHistory()).toEqual([]);
    });

    test("takes the messages whose append was called before, and none of those after", async () => {
      const store = await open();
      const before = store.append(user("before"));
      const fork = store.fork();
      const after = store.append(user("after"));
      await Promise.all([before, after]);
      expect(words(await (await fork).getHistory())).toEqual(["before"]);
    });
  });
}
