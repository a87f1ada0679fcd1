import { describe, expect, test } from "vitest";
import type { ContextStore, Message } from "../../src/index.js";
import { everyBlock } from "../fixtures/messages.js";
import type { Backend } from "./backend.js";

export function independenceContract({ open }: Backend): void {
  describe("independence", () => {
    test("what is done to a message after it was appended changes nothing", async () => {
      const store = await open();
      const messages = everyBlock();
      await store.appendAll(messages);
      messages.forEach(spoil);
      expect(await store.getHistory()).toStrictEqual(everyBlock());
    });

    test.each([
      [
        "append",
        (store: ContextStore, messages: readonly Message[]) => messages.map((message) => store.append(message)),
      ],
      ["appendAll", (store: ContextStore, messages: readonly Message[]) => [store.appendAll(messages)]],
    ])(
      "what is done to a message right after the call of %s, before it has ended, changes nothing",
      async (_, call) => {
        const store = await open();
        const messages = everyBlock();
        const calls = call(store, messages);
        messages.forEach(spoil);
        await Promise.all(calls);
        expect(await store.getHistory()).toStrictEqual(everyBlock());
      },
    );

    test("the caller's messages are left as they are", async () => {
      const store = await open();
      const messages = everyBlock();
      await store.appendAll(messages);
      for (const message of messages) await store.append(message);
      expect(messages).toStrictEqual(everyBlock());
    });

    test("what is done to a history that was read changes nothing", async () => {
      const store = await open();
      await store.appendAll(everyBlock());
      (await store.getHistory()).forEach(spoil);
      expect(await store.getHistory()).toStrictEqual(everyBlock());
    });

    test("takes frozen messages, and bytes that are a window on a larger buffer", async () => {
      const store = await open();
      const data = new Uint8Array(100).fill(7).subarray(10, 14);
      const message: Message = { role: "user", content: [{ type: "image", media_type: "image/png", data }] };
      Object.freeze(message.content[0]);
      await store.append(Object.freeze(message));
      expect(await store.getHistory()).toStrictEqual([
        { role: "user", content: [{ type: "image", media_type: "image/png", data: Uint8Array.of(7, 7, 7, 7) }] },
      ]);
    });
  });
}

/** Changes everything in a message that can be changed, bytes included. */
function spoil(value: unknown): void {
  if (value instanceof Uint8Array) value.fill(255);
  else if (Array.isArray(value)) {
    value.forEach(spoil);
    value.push("spoilt");
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner === "object") spoil(inner);
      else Object.assign(value, { [key]: "spoilt" });
    }
  }
}
