import { describe, expect, test } from "vitest";
import type { Message } from "../../src/index.js";
import { rejection } from "../fixtures/errors.js";
import { bytes, user, words } from "../fixtures/messages.js";
import type { Backend } from "./backend.js";

function block(value: unknown): unknown {
  return { role: "user", content: [value] };
}

function image(fields: object): unknown {
  return block({ type: "image", media_type: "image/png", data: bytes(3), ...fields });
}

function toolResult(fields: object): unknown {
  return block({ type: "tool_result", tool_use_id: "1", content: "ok", is_error: false, ...fields });
}

function toolUse(fields: object): unknown {
  return { role: "assistant", content: [{ type: "tool_use", id: "1", name: "tool", input: {}, ...fields }] };
}

function input(value: unknown): unknown {
  return toolUse({ input: { deep: [{ value }] } });
}

function cycle(): unknown {
  const list: unknown[] = [];
  list.push({ list });
  return list;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

function detached(): Uint8Array {
  const data = bytes(8);
  structuredClone(data, { transfer: [data.buffer] });
  return data;
}

class Own {
  readonly field = 1;
}

/** Each makes its message anew: some are changed by being looked at. */
const BAD: Readonly<Record<string, () => unknown>> = {
  "no message at all": () => undefined,
  "null for a message": () => null,
  "a string for a message": () => "hello",
  "an unknown role": () => ({ role: "tool", content: [] }),
  "no role": () => ({ content: [] }),
  "no content": () => ({ role: "user" }),
  "a string for the content": () => ({ role: "user", content: "hello" }),
  "null for a block": () => block(null),
  "a string for a block": () => block("hello"),
  "an array for a block": () => block([]),
  "a hole among the blocks": () => ({ role: "user", content: Array.from({ length: 1 }) }),
  "an unknown block": () => block({ type: "thinking", thinking: "hmm" }),
  "a block without a type": () => block({ text: "hello" }),
  "a block whose type is a name that objects have": () => block({ type: "constructor" }),
  "a text block without a text": () => block({ type: "text" }),
  "a text that is a number": () => block({ type: "text", text: 1 }),
  "a text that is null": () => block({ type: "text", text: null }),
  "a wrong media_type": () => image({ media_type: "image/svg+xml" }),
  "no media_type": () => image({ media_type: undefined }),
  "image data in base64": () => image({ data: "iVBORw0KGgo=" }),
  "image data as an array of numbers": () => image({ data: [1, 2, 3] }),
  "image data as an ArrayBuffer": () => image({ data: bytes(3).buffer }),
  "no image data": () => image({ data: undefined }),
  "image data whose buffer was transferred": () => image({ data: detached() }),
  "no is_error": () => toolResult({ is_error: undefined }),
  "an is_error that is a string": () => toolResult({ is_error: "false" }),
  "no tool_use_id": () => toolResult({ tool_use_id: undefined }),
  "a tool result that is a number": () => toolResult({ content: 22 }),
  "a tool result that is null": () => toolResult({ content: null }),
  "a tool call inside a tool result": () =>
    toolResult({ content: [{ type: "tool_use", id: "1", name: "tool", input: {} }] }),
  "a wrong media_type inside a tool result": () =>
    toolResult({ content: [{ type: "image", media_type: "image/bmp", data: bytes(3) }] }),
  "no id of a tool call": () => toolUse({ id: undefined }),
  "no name of a tool call": () => toolUse({ name: undefined }),
  "no tool input": () => toolUse({ input: undefined }),
  "null for a tool input": () => toolUse({ input: null }),
  "an array for a tool input": () => toolUse({ input: [] }),
  "a string for a tool input": () => toolUse({ input: "{}" }),
  "a BigInt in a tool input": () => input(1n),
  "a cycle in a tool input": () => input(cycle()),
  "a function in a tool input": () => input(() => 1),
  "a symbol in a tool input": () => input(Symbol("s")),
  "undefined in a tool input": () => input(undefined),
  "a hole in an array of a tool input": () => input(Array.from({ length: 2 })),
  "NaN in a tool input": () => input(Number.NaN),
  "Infinity in a tool input": () => input(-Infinity),
  "a Date in a tool input": () => input(new Date(0)),
  "a Map in a tool input": () => input(new Map([["a", 1]])),
  "a Set in a tool input": () => input(new Set([1])),
  "bytes in a tool input": () => input(bytes(3)),
  "a RegExp in a tool input": () => input(/a/),
  "an instance of a class in a tool input": () => input(new Own()),
  "a tool input that is nested deeper than anything can read": () => input(nested(100_000)),
};

export function badMessagesContract({ open }: Backend): void {
  describe("messages that cannot be stored", () => {
    test.each(Object.entries(BAD))("refuses %s, and stores nothing", async (_, make) => {
      const store = await open();
      await store.append(user("before"));
      const error = await rejection(store.append(make() as Message), "invalid-message");
      expect(error.outcome).toBe("not-applied");
      await rejection(store.appendAll([user("good"), make() as Message, user("good")]), "invalid-message");
      expect(words(await store.getHistory())).toEqual(["before"]);
    });

    test("says what is wrong, and what would be right", async () => {
      const store = await open();
      const { message } = await rejection(store.append({ role: "bot" } as unknown as Message), "invalid-message");
      expect(message).toContain('"bot"');
      expect(message).toContain('"user", "assistant" or "system"');
    });

    test.each([
      [() => input(undefined), "block 0, input.deep[0].value: JSON cannot hold undefined"],
      [() => input(new Date(0)), "block 0, input.deep[0].value: JSON cannot hold an object (Date); use plain objects"],
      [() => block({ type: "text", text: new String("x") }), "block 0: text of a text block is an object (String)"],
      [() => toolResult({ content: [{ type: "text", text: "" }, null] }), "block 0, content[1]: a block is null"],
    ])("says where it is", async (make, place) => {
      const store = await open();
      const one = await rejection(store.append(make() as Message), "invalid-message");
      expect(one.message).toContain(`This message cannot be stored: ${place}`);
      const among = await rejection(store.appendAll([user("good"), make() as Message]), "invalid-message");
      expect(among.message).toContain(`Message 1 of those given cannot be stored: ${place}`);
    });

    test("stores the good messages among bad ones that are appended at the same time", async () => {
      const store = await open();
      const calls = Object.values(BAD).flatMap((make, place) => [
        store.append(make() as Message),
        store.append(user(String(place))),
      ]);
      const settled = await Promise.allSettled(calls);
      expect(settled.filter(({ status }) => status === "rejected")).toHaveLength(Object.keys(BAD).length);
      expect(words(await store.getHistory())).toEqual(Object.keys(BAD).map((_, place) => String(place)));
    });

    test("drops the keys that the file does not know", async () => {
      const store = await open();
      await store.append({
        role: "user",
        content: [{ type: "text", text: "hello", cache_control: {} }],
        id: 7,
      } as unknown as Message);
      expect(await store.getHistory()).toStrictEqual([user("hello")]);
    });
  });
}
