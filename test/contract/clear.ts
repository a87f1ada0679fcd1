import { describe, expect, test } from "vitest";
import { assistant, user, words } from "../fixtures/messages.js";
import type { Backend } from "./backend.js";

export function clearContract({ open }: Backend): void {
  describe("clear", () => {
    test("removes messages and token counts, and the session from the list", async () => {
      const store = await open();
      await store.appendAll([user("one"), assistant("two")]);
      await store.setContextTokens(3, 4);
      await store.clear();
      expect(await store.getHistory()).toEqual([]);
      expect(await store.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
      expect(await store.listSessions()).toEqual([]);
    });

    test("keeps the session usable under its id", async () => {
      const store = await open();
      const { sessionId } = store;
      await store.append(user("old"));
      await store.clear();
      await store.append(user("new"));
      expect(store.sessionId).toBe(sessionId);
      expect(words(await store.getHistory())).toEqual(["new"]);
      expect(await store.listSessions()).toMatchObject([{ sessionId, messageCount: 1, preview: "new" }]);
    });

    test("does nothing to a session without messages, also twice", async () => {
      const store = await open();
      await store.clear();
      await store.clear();
      expect(await store.getHistory()).toEqual([]);
    });

    test("leaves the array alone that was read before", async () => {
      const store = await open();
      await store.append(user("kept by the caller"));
      const history = await store.getHistory();
      await store.clear();
      expect(words(history)).toEqual(["kept by the caller"]);
    });
  });
}
