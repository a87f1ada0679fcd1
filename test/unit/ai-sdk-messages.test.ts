import type { ModelMessage, ToolResultPart, UserContent } from "ai";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromModelMessages, toModelMessages } from "../../src/ai-sdk.js";
import type {
  ContentBlock,
  ImageBlock,
  Message,
  TextBlock,
  ToolResultBlock,
  ToolUseBlock,
} from "../../src/messages.js";

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PNG_BASE64 = "iVBORw0KGgo=";
const png: ImageBlock = { type: "image", media_type: "image/png", data: PNG };

const text = (value: string): TextBlock => ({ type: "text", text: value });
const use = (id: string, name = "weather"): ToolUseBlock => ({ type: "tool_use", id, name, input: { city: "Oslo" } });
const answer = (id: string, content: ToolResultBlock["content"] = "4 °C", is_error = false): ToolResultBlock => ({
  type: "tool_result",
  tool_use_id: id,
  content,
  is_error,
});
const user = (...content: ContentBlock[]): Message => ({ role: "user", content });
const assistant = (...content: ContentBlock[]): Message => ({ role: "assistant", content });
const roles = (messages: readonly ModelMessage[]): string[] => messages.map(({ role }) => role);

describe("toModelMessages", () => {
  test("turns system, user and assistant messages into parts", () => {
    expect(
      toModelMessages([
        { role: "system", content: [text("Be brief."), text("Be kind.")] },
        user(text("What is this?"), png),
        assistant(text("A picture.")),
      ]),
    ).toEqual([
      { role: "system", content: "Be brief.\nBe kind." },
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "file", mediaType: "image/png", data: PNG },
        ],
      },
      { role: "assistant", content: [{ type: "text", text: "A picture." }] },
    ]);
  });

  test("gives each tool result the name of the tool that was called", () => {
    const call = { type: "tool-call", toolCallId: "a", toolName: "weather", input: { city: "Oslo" } };
    const result = {
      type: "tool-result",
      toolCallId: "a",
      toolName: "weather",
      output: { type: "text", value: "4 °C" },
    };
    expect(toModelMessages([assistant(text("Let me look."), use("a")), user(answer("a"))])).toEqual([
      { role: "assistant", content: [{ type: "text", text: "Let me look." }, call] },
      { role: "tool", content: [result] },
    ]);
  });

  test.each([
    ["a text", answer("a"), { type: "text", value: "4 °C" }],
    ["an error", answer("a", "offline", true), { type: "error-text", value: "offline" }],
    [
      "an error of blocks",
      answer("a", [text("off"), png, text("line")], true),
      { type: "error-text", value: "off\nline" },
    ],
    [
      "blocks",
      answer("a", [text("map"), png]),
      {
        type: "content",
        value: [
          { type: "text", text: "map" },
          { type: "file", mediaType: "image/png", data: { type: "data", data: PNG } },
        ],
      },
    ],
  ])("hands on a tool result that is %s", (_, block, output) => {
    const [, tool] = toModelMessages([assistant(use("a")), user(block)]);
    expect(tool).toMatchObject({ role: "tool", content: [{ output }] });
  });

  test("leaves out a call without a result, a result without a call, and what is empty then", () => {
    const history = [
      user(text("hi")),
      assistant(use("never answered")),
      user(answer("never called")),
      assistant(text("still there"), use("lost")),
      user(),
      assistant(text(""), text("")),
      { role: "system" as const, content: [text("")] },
      user(text(""), text("and?")),
    ];
    expect(toModelMessages(history)).toEqual([
      { role: "user", content: [{ type: "text", text: "hi" }] },
      { role: "assistant", content: [{ type: "text", text: "still there" }] },
      {
        role: "user",
        content: [
          { type: "text", text: "" },
          { type: "text", text: "and?" },
        ],
      },
    ]);
  });

  test("puts results that came late, apart or beside text directly behind their call", () => {
    const history = [
      assistant(use("a"), use("b")),
      assistant(text("meanwhile")),
      user(answer("b"), text("and one more thing")),
      user(answer("a")),
    ];
    const messages = toModelMessages(history);
    expect(roles(messages)).toEqual(["assistant", "tool", "assistant", "user"]);
    expect(messages[1]).toMatchObject({ content: [{ toolCallId: "b" }, { toolCallId: "a" }] });
    expect(messages[3]).toEqual({ role: "user", content: [{ type: "text", text: "and one more thing" }] });
  });

  test("tells calls apart that a model gave the same id in different turns", () => {
    const turn = [assistant(use("call_0")), user(answer("call_0"))];
    const history = [
      ...turn,
      ...turn,
      assistant(use("call_0")),
      assistant(use("call_0", "clock")),
      user(answer("call_0")),
    ];
    expect(toModelMessages(history).flatMap(({ content }): unknown => content)).toMatchObject(
      ["weather", "weather", "weather", "weather", "clock", "clock"].map((toolName) => ({ toolName })),
    );
  });

  test("takes one result for a call", () => {
    const messages = toModelMessages([assistant(use("a")), user(answer("a", "first")), user(answer("a", "second"))]);
    expect(messages).toHaveLength(2);
    expect(messages[1]).toMatchObject({ content: [{ output: { value: "first" } }] });
  });
});

describe("fromModelMessages", () => {
  const image = { type: "image", media_type: "image/png", data: PNG };

  test.each<[string, Exclude<UserContent, string>[number]]>([
    ["bytes", { type: "file", mediaType: "image/png", data: PNG }],
    ["an ArrayBuffer", { type: "file", mediaType: "image/png", data: PNG.slice().buffer }],
    ["base64", { type: "file", mediaType: "image/png", data: PNG_BASE64 }],
    ["a data URL", { type: "file", mediaType: "image/png", data: `data:image/png;base64,${PNG_BASE64}` }],
    ["a URL object", { type: "image", image: new URL(`data:image/png;base64,${PNG_BASE64}`) }],
    ["tagged data", { type: "file", mediaType: "image", data: { type: "data", data: PNG } }],
    [
      "a tagged URL",
      {
        type: "file",
        mediaType: "image/*",
        data: { type: "url", url: new URL(`data:image/png;base64,${PNG_BASE64}`) },
      },
    ],
    ["the older image part without a type", { type: "image", image: PNG_BASE64 }],
  ])("keeps an image that comes as %s", (_, part) => {
    expect(fromModelMessages([{ role: "user", content: [part] }])).toEqual([{ role: "user", content: [image] }]);
  });

  test.each([
    ["image/jpeg", [0xff, 0xd8, 0xff, 0xe0]],
    ["image/gif", [0x47, 0x49, 0x46, 0x38, 0x39, 0x61]],
    ["image/webp", [0x52, 0x49, 0x46, 0x46, 9, 9, 9, 9, 0x57, 0x45, 0x42, 0x50]],
  ])("recognises %s by its first bytes", (media_type, bytes) => {
    const data = Uint8Array.from(bytes);
    const messages = fromModelMessages([{ role: "user", content: [{ type: "file", mediaType: "image", data }] }]);
    expect(messages).toEqual([{ role: "user", content: [{ type: "image", media_type, data }] }]);
  });

  test("leaves out what the file format cannot hold", () => {
    const url = new URL("https://example.com/a.png");
    const messages = fromModelMessages([
      {
        role: "user",
        content: [
          { type: "text", text: "kept" },
          { type: "image", image: url },
          { type: "image", image: url.href },
          { type: "file", mediaType: "image/png", data: { type: "reference", reference: { openai: "file-1" } } },
          { type: "file", mediaType: "application/pdf", data: "JVBERi0=" },
          { type: "file", mediaType: "image/svg+xml", data: "PHN2Zy8+" },
        ],
      },
      { role: "assistant", content: [{ type: "reasoning", text: "Hm." }] },
      { role: "assistant", content: "" },
      { role: "tool", content: [{ type: "tool-approval-response", approvalId: "1", approved: true }] },
    ]);
    expect(messages).toEqual([user(text("kept"))]);
  });

  test("says what is wrong with an image that is not base64", () => {
    const part = { type: "file", mediaType: "image/png", data: "not base64!" } as const;
    expect(() => fromModelMessages([{ role: "user", content: [part] }])).toThrow(
      expect.objectContaining({ code: "invalid-message", cause: expect.anything() }),
    );
  });

  test.each<[ToolResultPart["output"], ToolResultBlock["content"], boolean]>([
    [{ type: "text", value: "4 °C" }, "4 °C", false],
    [{ type: "json", value: { celsius: 4 } }, '{"celsius":4}', false],
    [{ type: "error-text", value: "offline" }, "offline", true],
    [{ type: "error-json", value: { status: 503 } }, '{"status":503}', true],
    [{ type: "execution-denied", reason: "not today" }, "not today", true],
    [{ type: "execution-denied" }, "Tool call execution denied.", true],
    [
      {
        type: "content",
        value: [
          { type: "text", text: "map" },
          { type: "file", mediaType: "image/png", data: { type: "data", data: PNG } },
          { type: "image-data", mediaType: "image/png", data: PNG_BASE64 },
          { type: "image-url", url: "https://example.com/a.png" },
        ],
      },
      [text("map"), png, png],
      false,
    ],
  ])("stores the tool output %j", (output, content, is_error) => {
    const part = { type: "tool-result", toolCallId: "a", toolName: "weather", output } as const;
    expect(fromModelMessages([{ role: "tool", content: [part] }])).toEqual([user(answer("a", content, is_error))]);
  });

  test.each([
    [
      { city: "Oslo", day: undefined, at: new Date(0) },
      { city: "Oslo", at: "1970-01-01T00:00:00.000Z" },
    ],
    ["Oslo", { input: "Oslo" }],
    [["Oslo", 1], { input: ["Oslo", 1] }],
    [null, { input: null }],
    [undefined, {}],
  ])("stores the tool input %j as a JSON object", (input, stored) => {
    const part = { type: "tool-call", toolCallId: "a", toolName: "weather", input } as const;
    expect(fromModelMessages([{ role: "assistant", content: [part] }])).toEqual([
      assistant({ type: "tool_use", id: "a", name: "weather", input: stored }),
    ]);
  });

  test("names the tool whose input JSON cannot hold", () => {
    const part = { type: "tool-call", toolCallId: "a", toolName: "weather", input: { n: 1n } } as const;
    expect(() => fromModelMessages([{ role: "assistant", content: [part] }])).toThrow(/"weather"/);
  });

  test("parts an assistant message where the provider's own results stand in it", () => {
    const call = (toolCallId: string, providerExecuted: boolean) =>
      ({ type: "tool-call", toolCallId, toolName: "weather", input: { city: "Oslo" }, providerExecuted }) as const;
    const result = (toolCallId: string) =>
      ({ type: "tool-result", toolCallId, toolName: "weather", output: { type: "text", value: "4 °C" } }) as const;
    const stored = fromModelMessages([
      {
        role: "assistant",
        content: [call("client", false), call("provider", true), result("provider"), { type: "text", text: "So:" }],
      },
      { role: "tool", content: [result("client")] },
    ]);
    expect(stored).toEqual([
      assistant(use("provider")),
      user(answer("provider")),
      assistant(use("client"), text("So:")),
      user(answer("client")),
    ]);
  });
});

describe("a history that goes to the AI SDK and back", () => {
  const textBlock = fc.string({ unit: "binary" }).map(text);
  const imageBlock = fc.record({
    type: fc.constant("image" as const),
    media_type: fc.constantFrom(...(["image/jpeg", "image/png", "image/gif", "image/webp"] as const)),
    data: fc.uint8Array({ maxLength: 20 }),
  });
  const plainBlock = fc.oneof(textBlock, imageBlock);
  const input = fc
    .dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }))
    .map((value) => JSON.parse(JSON.stringify(value)));
  const outcome = fc.oneof(
    fc.record({ content: fc.string(), is_error: fc.boolean() }),
    fc.record({ content: fc.array(plainBlock, { maxLength: 3 }), is_error: fc.constant(false) }),
  );
  const plainMessage = fc.oneof(
    fc.string({ minLength: 1 }).map((value): Message => ({ role: "system", content: [text(value)] })),
    fc.record({
      role: fc.constantFrom("user" as const, "assistant" as const),
      // A message of empty texts alone is left out.
      content: fc
        .array(plainBlock, { minLength: 1, maxLength: 3 })
        .filter((blocks) => blocks.some((block) => block.type !== "text" || block.text !== "")),
    }),
  );
  const callAndResults = fc
    .record({
      before: fc.array(plainBlock, { maxLength: 2 }),
      calls: fc.uniqueArray(fc.record({ id: fc.string(), name: fc.string(), input, outcome }), {
        minLength: 1,
        maxLength: 3,
        selector: ({ id }) => id,
      }),
    })
    .chain(({ before, calls }) =>
      fc
        .shuffledSubarray(calls, { minLength: calls.length })
        .map((answered): Message[] => [
          assistant(
            ...before,
            ...calls.map(({ id, name, input }): ToolUseBlock => ({ type: "tool_use", id, name, input })),
          ),
          user(...answered.map(({ id, outcome }) => answer(id, outcome.content, outcome.is_error))),
        ]),
    );
  const history = fc
    .array(
      fc.oneof(
        plainMessage.map((message) => [message]),
        callAndResults,
      ),
      { maxLength: 8 },
    )
    .map((turns) => turns.flat());

  // The clone has plain prototypes; some of what fast-check makes has none.
  test("comes back equal when every call is answered in the next message", () => {
    fc.assert(
      fc.property(history, (messages) => {
        expect(fromModelMessages(toModelMessages(messages))).toStrictEqual(structuredClone(messages));
      }),
    );
  });

  test("comes back with results in one message when they were in several", () => {
    fc.assert(
      fc.property(history, (messages) => {
        const apart = messages.flatMap((message) =>
          message.content[0]?.type === "tool_result" ? message.content.map((block) => user(block)) : [message],
        );
        expect(fromModelMessages(toModelMessages(apart))).toStrictEqual(structuredClone(messages));
      }),
    );
  });

  test("is one that providers take, whatever blocks stand in whatever messages", () => {
    const ids = fc.constantFrom("a", "b", "c");
    const anyBlock = fc.oneof(
      textBlock,
      ids.map((id) => use(id)),
      ids.map((id) => answer(id)),
    );
    const anyMessage = fc.record({
      role: fc.constantFrom("user" as const, "assistant" as const, "system" as const),
      content: fc.array(anyBlock, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 12 }), (messages) => {
        const sent = toModelMessages(messages);
        for (const [index, message] of sent.entries()) {
          expect(message.content.length).toBeGreaterThan(0);
          const called = idsIn(message, "tool-call");
          expect(idsIn(sent[index + 1], "tool-result")).toEqual(called);
          expect(message.role !== "tool" || sent[index - 1]?.role === "assistant").toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function idsIn(message: ModelMessage | undefined, type: "tool-call" | "tool-result"): string[] {
  const parts = typeof message?.content === "object" ? message.content : [];
  return parts.flatMap((part) => (part.type === type ? [part.toolCallId] : [])).sort();
}
