import { describe, expect, test } from "vitest";
import type { Message } from "../../src/index.js";
import { assistant, bytes, text, user } from "../fixtures/messages.js";
import type { Backend } from "./backend.js";

const PICTURE = { type: "image", media_type: "image/png", data: bytes(9) } as const;
const FAMILY = "👩‍👩‍👧‍👦";

/** What the list shows for which messages: the rules of the Python package. */
const PREVIEWS: Readonly<Record<string, readonly [preview: string, ...messages: Message[]]>> = {
  "the first user message, whatever comes before it": [
    "me",
    text("system", "s"),
    assistant("a"),
    user("me"),
    user("x"),
  ],
  "the first text in it, behind pictures": [
    "after",
    { role: "user", content: [PICTURE, { type: "text", text: "after" }, { type: "text", text: "second" }] },
  ],
  "a text of 80 characters as it is": ["x".repeat(80), user("x".repeat(80))],
  "the first 80 characters of a longer text, and three dots": [`${"x".repeat(80)}...`, user("x".repeat(81))],
  "80 code points, of two units each": ["😀".repeat(80), user("😀".repeat(80))],
  "the first 80 code points, not units": [`${"😀".repeat(80)}...`, user("😀".repeat(81))],
  "a joined emoji cut at its 80th code point": [
    `${"x".repeat(78)}${Array.from(FAMILY).slice(0, 2).join("")}...`,
    user("x".repeat(78) + FAMILY),
  ],
  "line breaks as they are": ["a\nb\r\n\tc", user("a\nb\r\n\tc")],
  "all of a text with a NUL in it": ["a\u0000b", user("a\u0000b")],
  "nothing for an empty text": ["", user(""), user("not this")],
  '"(no preview)" without a user message': ["(no preview)", assistant("hello"), text("system", "s")],
  '"(no preview)" for a first user message without text, though a later one has some': [
    "(no preview)",
    { role: "user", content: [PICTURE] },
    user("not this"),
  ],
  '"(no preview)" for a first user message without blocks': ["(no preview)", { role: "user", content: [] }, user("no")],
  '"(no preview)" for text that only a tool result holds': [
    "(no preview)",
    {
      role: "user",
      content: [{ type: "tool_result", tool_use_id: "1", content: [{ type: "text", text: "inner" }], is_error: false }],
    },
  ],
};

export function sessionsContract({ open }: Backend): void {
  describe("the list of sessions", () => {
    test("is empty until a session has a message", async () => {
      const store = await open();
      expect(await store.listSessions()).toEqual([]);
      await store.append(user("hello"));
      expect(await store.listSessions()).toHaveLength(1);
    });

    test("shows id, number of messages, times and tokens", async () => {
      const store = await open();
      await store.appendAll([user("one"), assistant("two"), user("three")]);
      await store.addContextTokens(5, 6);
      const [info] = await store.listSessions();
      expect(info).toMatchObject({
        sessionId: store.sessionId,
        messageCount: 3,
        preview: "one",
        inputTokens: 5,
        outputTokens: 6,
      });
      expect(info?.createdAt).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      expect(info?.updatedAt).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      expect(Math.abs(Date.parse(`${info?.createdAt.replace(" ", "T")}Z`) - Date.now())).toBeLessThan(60_000);
    });

    test.each(Object.entries(PREVIEWS))("shows %s", async (_, [preview, ...messages]) => {
      const store = await open();
      for (const message of messages) await store.append(message);
      expect((await store.listSessions()).map((info) => info.preview)).toEqual([preview]);
    });

    test.each(Object.entries(PREVIEWS))("shows %s, also of a fork", async (_, [preview, ...messages]) => {
      const store = await open();
      await store.appendAll(messages);
      const fork = await store.fork();
      const info = (await fork.listSessions()).find(({ sessionId }) => sessionId === fork.sessionId);
      expect(info).toMatchObject({ preview, messageCount: messages.length });
    });
  });
}
