import { ToolLoopAgent, tool, type ToolSet } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { streamAgent } from "../../src/ai-sdk.js";
import { MemoryContextStore, type Message, type SQLiteContextStore, type StoredMessage } from "../../src/index.js";
import { openStore } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { assistant, user, words } from "../fixtures/messages.js";

type Part = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"] extends ReadableStream<infer P> ? P : never;

/** What a model says in one step, part by part, as the test lets it. */
class Step {
  readonly stream: ReadableStream<Part>;
  #controller!: ReadableStreamDefaultController<Part>;
  #isEnded = false;

  constructor() {
    this.stream = new ReadableStream({ start: (controller) => void (this.#controller = controller) });
    this.#say({ type: "stream-start", warnings: [] });
  }

  begin(): this {
    return this.#say({ type: "text-start", id: "t" });
  }

  text(delta: string): this {
    return this.#say({ type: "text-delta", id: "t", delta });
  }

  call(toolCallId: string, city: string): this {
    return this.#say({ type: "tool-call", toolCallId, toolName: "weather", input: JSON.stringify({ city }) });
  }

  end(reason: "stop" | "tool-calls" | "error", input: number, output: number, raw?: string): this {
    const usage = {
      inputTokens: { total: input, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: output, text: undefined, reasoning: undefined },
    };
    this.#say({ type: "finish", finishReason: { unified: reason, raw }, usage });
    this.#controller.close();
    this.#isEnded = true;
    return this;
  }

  /** An error that comes as a part of the stream, which goes on. */
  break(error: unknown): this {
    return this.#say({ type: "error", error });
  }

  fail(error: unknown): void {
    if (!this.#isEnded) this.#controller.error(error);
  }

  #say(part: Part): this {
    this.#controller.enqueue(part);
    return this;
  }
}

/** An agent whose steps are these, with a tool that answers when the test lets it. */
function agentOf(...steps: Step[]) {
  let answer = () => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const model: MockLanguageModelV4 = new MockLanguageModelV4({
    doStream: async () => ({ stream: steps[model.doStreamCalls.length - 1]!.stream }),
  });
  const weather = tool({
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      await answered;
      return { city, celsius: 4 };
    },
  });
  const tools: ToolSet = { weather };
  const agent = new ToolLoopAgent({ model, tools, maxRetries: 0 });
  return { agent, answer, model };
}

const QUESTION = user("How is Oslo?");
const CALL: Message = {
  role: "assistant",
  content: [
    { type: "text", text: "Let me look." },
    { type: "tool_use", id: "1", name: "weather", input: { city: "Oslo" } },
  ],
};
const RESULT: Message = {
  role: "user",
  content: [{ type: "tool_result", tool_use_id: "1", content: '{"city":"Oslo","celsius":4}', is_error: false }],
};

async function untilLast(store: SQLiteContextStore, expected: Partial<StoredMessage>): Promise<StoredMessage> {
  await expect.poll(() => store.getMessages({ last: 1 })).toMatchObject([expected]);
  return (await store.getMessages({ last: 1 }))[0]!;
}

describe("streamAgent", () => {
  test("writes what comes while it comes, a call with its result, and adds the tokens", async () => {
    const store = await openStore();
    await store.setContextTokens(100, 100);
    const [looking, concluding] = [new Step(), new Step()];
    const { agent, answer } = agentOf(looking, concluding);
    const result = await streamAgent(agent, "How is Oslo?", store);
    looking.begin().text("Let me ");
    const begun = await untilLast(store, { ...assistant("Let me "), status: "partial", position: 1 });
    looking.text("look.").call("1", "Oslo").end("tool-calls", 10, 5);
    expect((await untilLast(store, { ...CALL, status: "partial" })).id).toBe(begun.id);
    answer();
    concluding.begin().text("Cold.");
    await untilLast(store, { ...assistant("Cold."), status: "partial", position: 3 });
    expect(await store.getMessages({ before: 3 })).toMatchObject([
      QUESTION,
      { ...CALL, id: begun.id, status: "complete" },
      { ...RESULT, status: "complete" },
    ]);
    expect(await store.getContextTokens()).toEqual({ inputTokens: 110, outputTokens: 105 });
    concluding.end("stop", 20, 7);
    expect(await result.text).toBe("Cold.");
    await untilLast(store, { ...assistant("Cold."), status: "complete" });
    expect(await store.getContextTokens()).toEqual({ inputTokens: 130, outputTokens: 112 });
    expect(await store.getHistory()).toStrictEqual([QUESTION, CALL, RESULT, assistant("Cold.")]);
  });

  test("gives the SDK's own stream, at whose end everything is stored", async () => {
    for (const store of [await openStore({ storage: "memory" }), new MemoryContextStore()]) {
      const { agent, answer, model } = agentOf(
        new Step().begin().text("Let me look.").call("1", "Oslo").end("tool-calls", 10, 5),
        new Step().begin().text("Co").text("ld.").end("stop", 20, 7),
      );
      answer();
      const { textStream } = await streamAgent(agent, QUESTION, store);
      const pieces: string[] = [];
      for await (const piece of textStream) pieces.push(piece);
      expect(pieces).toEqual(["Let me look.", "Co", "ld."]);
      expect(await store.getHistory()).toStrictEqual([QUESTION, CALL, RESULT, assistant("Cold.")]);
      expect(await store.getContextTokens()).toEqual({ inputTokens: 30, outputTokens: 12 });
      expect(model.doStreamCalls[1]!.prompt.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
    }
  });

  test("leaves no result of a tool whose call was cleared while it ran", async () => {
    const store = await openStore();
    const { agent, answer } = agentOf(
      new Step().begin().text("Let me look.").call("1", "Oslo").end("tool-calls", 10, 5),
    );
    const result = await streamAgent(agent, QUESTION, store);
    await untilLast(store, { ...CALL, status: "partial" });
    await store.clear();
    answer();
    expect(await Promise.allSettled([result.text])).toMatchObject([{ status: "rejected" }]);
    expect(await store.getHistory()).toEqual([]);
    expect(await store.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
  });

  test("stores an answer that its provider ends with an error of its own, as runAgent does", async () => {
    const sqlite = await openStore({ storage: "memory" });
    for (const store of [sqlite, new MemoryContextStore()]) {
      const { agent } = agentOf(new Step().begin().text("Half an ans").end("error", 10, 5, "MALFORMED_FUNCTION_CALL"));
      const result = await streamAgent(agent, QUESTION, store);
      expect(await result.text).toBe("Half an ans");
      expect(await store.getHistory()).toStrictEqual([QUESTION, assistant("Half an ans")]);
      expect(await store.getContextTokens()).toEqual({ inputTokens: 10, outputTokens: 5 });
    }
    expect(await sqlite.getMessages({ last: 1 })).toMatchObject([{ status: "complete" }]);
  });

  test("keeps what had come when it is aborted, and gives it to the next run", async () => {
    const store = await openStore({ storage: "memory" });
    const step = new Step();
    const { agent } = agentOf(step);
    const controller = new AbortController();
    const result = await streamAgent(agent, "How is Oslo?", store, { signal: controller.signal });
    step.begin().text("It is very ");
    await untilLast(store, { ...assistant("It is very "), status: "partial" });
    controller.abort();
    for await (const part of result.stream) expect(part.type).not.toBe("finish");
    await untilLast(store, { ...assistant("It is very "), status: "partial" });
    expect(await store.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
    const next = agentOf(new Step().begin().text("Cold.").end("stop", 1, 1));
    await (await streamAgent(next.agent, "Go on.", store)).consumeStream();
    expect(next.model.doStreamCalls[0]!.prompt.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(words(await store.getHistory())).toEqual(["How is Oslo?", "It is very ", "Go on.", "Cold."]);
  });

  test("keeps what had come when the model fails", async () => {
    const store = await openStore({ storage: "memory" });
    const step = new Step();
    const { agent } = agentOf(step);
    const result = await streamAgent(agent, "How is Oslo?", store);
    step.begin().text("It is very ");
    await untilLast(store, { ...assistant("It is very "), status: "partial" });
    step.fail(new Error("overloaded"));
    await result.consumeStream({ onError: () => {} });
    await untilLast(store, { ...assistant("It is very "), status: "partial" });
    expect(await store.getHistory()).toHaveLength(2);
  });

  test("does not count the tokens of a step that broke off, whatever the provider says at its end", async () => {
    for (const store of [await openStore({ storage: "memory" }), new MemoryContextStore()]) {
      const { agent } = agentOf(new Step().begin().text("It is ").break(new Error("overloaded")).end("error", 10, 5));
      const result = await streamAgent(agent, QUESTION, store);
      await result.consumeStream({ onError: () => {} });
      expect(await store.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
    }
  });

  test("stores nothing with a signal that has already fired", async () => {
    const store = await openStore({ storage: "memory" });
    const { agent, model } = agentOf(new Step());
    const reason = new Error("never mind");
    const error = await rejection(streamAgent(agent, "Hello", store, { signal: AbortSignal.abort(reason) }), "aborted");
    expect(error.cause).toBe(reason);
    expect([await store.getHistory(), model.doStreamCalls]).toEqual([[], []]);
  });

  test("ends the run when a schema makes of a tool's input what cannot be stored, also where nobody reads the stream", async () => {
    for (const store of [await openStore({ storage: "memory" }), new MemoryContextStore()]) {
      const step = new Step().begin().text("Let me look.").call("1", "7").end("tool-calls", 10, 5);
      const { model } = agentOf(step);
      const inputSchema = z.object({ city: z.string().transform(BigInt) });
      const tools = { weather: tool({ inputSchema, execute: async () => "cold" }) };
      await streamAgent(new ToolLoopAgent({ model, tools, maxRetries: 0 }), QUESTION, store);
      const signal = () => model.doStreamCalls[0]?.abortSignal;
      await expect.poll(signal).toMatchObject({ reason: { code: "invalid-message" } });
    }
  });

  test("ends the run when the store fails", async () => {
    const store = await openStore({ storage: "memory" });
    const [first, second] = [new Step(), new Step()];
    const { agent, answer, model } = agentOf(first, second);
    const result = await streamAgent(agent, "How is Oslo?", store);
    first.begin().text("Let me look.").call("1", "Oslo");
    await untilLast(store, { status: "partial" });
    await store.truncate(1);
    first.end("tool-calls", 10, 5);
    answer();
    const types: string[] = [];
    for await (const { type } of result.stream) types.push(type);
    expect(types.at(-1)).toBe("abort");
    expect(model.doStreamCalls.length).toBeLessThanOrEqual(2);
    expect((await store.getHistory())[0]).toStrictEqual(QUESTION);
  });
});
