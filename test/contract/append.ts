import { expect, test } from "vitest";
import { assistant, everyBlock, user, words } from "../fixtures/messages.js";
import type { Backend } from "./backend.js";

export function appendContract({ open }: Backend): void {
  test("a new session has an empty history", async () => {
    expect(await (await open()).getHistory()).toEqual([]);
  });

  test("keeps messages in the order in which they were appended", async () => {
    const store = await open();
    for (let i = 0; i < 20; i++) await store.append(i % 2 ? assistant(`answer ${i}`) : user(`question ${i}`));
    const history = await store.getHistory();
    expect(words(history)).toEqual(Array.from({ length: 20 }, (_, i) => `${i % 2 ? "answer" : "question"} ${i}`));
    expect(history.map(({ role }) => role).slice(0, 3)).toEqual(["user", "assistant", "user"]);
  });

  test("keeps messages in the order of the calls when nobody waits for them", async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 300 }, (_, i) => store.append(user(String(i)))));
    expect(words(await store.getHistory())).toEqual(Array.from({ length: 300 }, (_, i) => String(i)));
  });

  test("appends several messages at once, behind those that are there", async () => {
    const store = await open();
    await store.append(user("first"));
    await store.appendAll([assistant("second"), user("third")]);
    await store.appendAll([]);
    expect(words(await store.getHistory())).toEqual(["first", "second", "third"]);
  });

  test("gives every block back as it was, images as bytes", async () => {
    const store = await open();
    await store.appendAll(everyBlock());
    expect(await store.getHistory()).toStrictEqual(everyBlock());
    const [, { content } = { content: [] }] = await store.getHistory();
    expect(content[1]).toHaveProperty("data", expect.any(Uint8Array));
  });

  test("gives each kind of block back that was appended alone", async () => {
    const store = await open();
    for (const message of everyBlock()) await store.append(message);
    expect(await store.getHistory()).toStrictEqual(everyBlock());
  });

  test("gives a fresh array at every call", async () => {
    const store = await open();
    await store.append(user("only"));
    const first = await store.getHistory();
    first.push(user("mine"));
    expect(await store.getHistory()).not.toBe(first);
    expect(words(await store.getHistory())).toEqual(["only"]);
  });

  test("keeps one session id", async () => {
    const store = await open();
    const { sessionId } = store;
    await store.append(user("hello"));
    expect(store.sessionId).toBe(sessionId);
    expect(sessionId).not.toBe("");
  });
}
