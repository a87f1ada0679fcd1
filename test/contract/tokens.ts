import { describe, expect, test } from "vitest";
import { rejection } from "../fixtures/errors.js";
import { user } from "../fixtures/messages.js";
import type { Backend } from "./backend.js";

const BAD: readonly unknown[] = [-1, 1.5, Number.NaN, Infinity, 2 ** 53, "1", 1n, null, undefined];

export function tokensContract({ open }: Backend): void {
  describe("token counts", () => {
    test("are 0 and 0 where none were set", async () => {
      expect(await (await open()).getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
    });

    test("are replaced by set and grow by add", async () => {
      const store = await open();
      await store.addContextTokens(1, 2);
      await store.addContextTokens(10, 20);
      expect(await store.getContextTokens()).toEqual({ inputTokens: 11, outputTokens: 22 });
      await store.setContextTokens(5, 0);
      expect(await store.getContextTokens()).toEqual({ inputTokens: 5, outputTokens: 0 });
    });

    test("add up when nobody waits for the calls", async () => {
      const store = await open();
      await Promise.all(Array.from({ length: 100 }, () => store.addContextTokens(3, 1)));
      expect(await store.getContextTokens()).toEqual({ inputTokens: 300, outputTokens: 100 });
    });

    test("stay as they are whatever is done to those that were read", async () => {
      const store = await open();
      await store.setContextTokens(1, 2);
      Object.assign(await store.getContextTokens(), { inputTokens: 5 });
      expect(await store.getContextTokens()).toEqual({ inputTokens: 1, outputTokens: 2 });
    });

    test("hold the largest whole number that a JavaScript number holds", async () => {
      const store = await open();
      await store.setContextTokens(Number.MAX_SAFE_INTEGER, 0);
      expect(await store.getContextTokens()).toEqual({ inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0 });
    });

    test.each(BAD.map((count) => [String(count), count]))("refuse %s, and stay as they are", async (_, count) => {
      const store = await open();
      await store.setContextTokens(1, 2);
      await rejection(store.setContextTokens(count as number, 0), "invalid-argument");
      await rejection(store.setContextTokens(0, count as number), "invalid-argument");
      await rejection(store.addContextTokens(count as number, 0), "invalid-argument");
      await rejection(store.addContextTokens(0, count as number), "invalid-argument");
      expect(await store.getContextTokens()).toEqual({ inputTokens: 1, outputTokens: 2 });
    });

    test("do not put a session without messages into the list", async () => {
      const store = await open();
      await store.setContextTokens(1, 2);
      expect(await store.listSessions()).toEqual([]);
      await store.append(user("now"));
      expect(await store.listSessions()).toMatchObject([{ inputTokens: 1, outputTokens: 2 }]);
    });
  });
}
