import { describe, expect, test } from "vitest";
import { ContextStore, MemoryContextStore } from "../../src/index.js";
import { everyBlock, user, words } from "../fixtures/messages.js";
import type { Backend } from "./backend.js";

export function conversionContract({ open }: Backend): void {
  describe("conversions", () => {
    test("fromHistory appends to a store that has messages, and gives that store", async () => {
      const store = await open();
      await store.append(user("first"));
      const result: typeof store = await ContextStore.fromHistory([user("second"), user("third")], store);
      expect(result).toBe(store);
      expect(words(await store.getHistory())).toEqual(["first", "second", "third"]);
    });

    test("fromContext takes messages and token counts into memory", async () => {
      const store = await open();
      await store.appendAll(everyBlock());
      await store.setContextTokens(3, 4);
      const copy = await ContextStore.fromContext(store);
      expect(copy).toBeInstanceOf(MemoryContextStore);
      expect(await copy.getHistory()).toStrictEqual(everyBlock());
      expect(await copy.getContextTokens()).toEqual({ inputTokens: 3, outputTokens: 4 });
      await copy.append(user("only in the copy"));
      expect(await store.getHistory()).toHaveLength(everyBlock().length);
    });

    test("fromContext appends to the target, and adds to its token counts", async () => {
      const [source, target] = [new MemoryContextStore(everyBlock()), await open()];
      await source.setContextTokens(10, 20);
      await target.append(user("first"));
      await target.setContextTokens(1, 2);
      expect(await ContextStore.fromContext(source, target)).toBe(target);
      expect(await target.getHistory()).toStrictEqual([user("first"), ...everyBlock()]);
      expect(await target.getContextTokens()).toEqual({ inputTokens: 11, outputTokens: 22 });
    });

    test("the methods are there on every class of store", async () => {
      const store = await open();
      expect(await MemoryContextStore.fromHistory([user("a")], store)).toBe(store);
    });
  });
}
