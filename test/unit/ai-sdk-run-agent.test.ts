import { type Agent, ToolLoopAgent, tool, type ToolSet } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type AgentResult, runAgent, type RunnableAgent, streamAgent } from "../../src/ai-sdk.js";
import { type ContextStore, MemoryContextStore } from "../../src/context-store.js";
import type { Message } from "../../src/messages.js";

type Generated = Awaited<ReturnType<MockLanguageModelV4["doGenerate"]>>;
type Step = () => Generated | Promise<Generated>;

/** What a model answers: the content, and the tokens that it says it used. */
function answer(content: Generated["content"], input?: number, output?: number): Generated {
  const calls = content.some((part) => part.type === "tool-call" && part.providerExecuted !== true);
  return {
    content,
    finishReason: { unified: calls ? "tool-calls" : "stop", raw: undefined },
    usage: {
      inputTokens: { total: input, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: output, text: undefined, reasoning: undefined },
    },
    warnings: [],
  };
}

const say = (text: string) => ({ type: "text", text }) as const;
const call = (toolCallId: string, toolName: string, input: unknown) =>
  ({ type: "tool-call", toolCallId, toolName, input: JSON.stringify(input) }) as const;

/** A model that answers each call with the next of `steps`. */
function modelOf(...steps: Step[]): MockLanguageModelV4 {
  const model: MockLanguageModelV4 = new MockLanguageModelV4({
    doGenerate: async () => {
      const step = steps[model.doGenerateCalls.length - 1];
      if (!step) throw new Error("The model was called once too often.");
      return step();
    },
  });
  return model;
}

const weather = tool({
  description: "The weather in a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, celsius: 4 }),
});

function agentOf(model: MockLanguageModelV4, tools: ToolSet = { weather }): ToolLoopAgent<never, ToolSet> {
  return new ToolLoopAgent({ model, tools, maxRetries: 0 });
}

/** A store that notes in which calls messages reach it. */
class RecordingStore extends MemoryContextStore {
  readonly calls: string[][] = [];

  override async append(message: Message): Promise<void> {
    this.calls.push(["append", message.role]);
    await super.append(message);
  }

  override async appendAll(messages: readonly Message[]): Promise<void> {
    this.calls.push(["appendAll", ...messages.map(({ role }) => role)]);
    await super.appendAll(messages);
  }
}

const question: Message = { role: "user", content: [{ type: "text", text: "How is Oslo?" }] };
const toolUse: Message = {
  role: "assistant",
  content: [
    { type: "text", text: "Let me look." },
    { type: "tool_use", id: "1", name: "weather", input: { city: "Oslo" } },
  ],
};
const toolResult: Message = {
  role: "user",
  content: [{ type: "tool_result", tool_use_id: "1", content: '{"city":"Oslo","celsius":4}', is_error: false }],
};
const conclusion: Message = { role: "assistant", content: [{ type: "text", text: "Cold." }] };

const looksUp: Step = () => answer([say("Let me look."), call("1", "weather", { city: "Oslo" })], 10, 5);
const concludes: Step = () => answer([say("Cold.")], 20, 7);

async function expectTokens(store: ContextStore, inputTokens: number, outputTokens: number): Promise<void> {
  expect(await store.getContextTokens()).toEqual({ inputTokens, outputTokens });
}

describe("runAgent", () => {
  test("stores the question, then each step with a call and its result together, and the tokens of all steps", async () => {
    const store = new RecordingStore();
    await store.setContextTokens(100, 100);
    const run = await runAgent(agentOf(modelOf(looksUp, concludes)), "How is Oslo?", store);
    expect(run.text).toBe("Cold.");
    expect(run.usage).toEqual({ inputTokens: 30, outputTokens: 12 });
    expect(run.messages).toEqual([question, toolUse, toolResult, conclusion]);
    expect(await store.getHistory()).toEqual(run.messages);
    expect(store.calls).toEqual([
      ["append", "user"],
      ["appendAll", "assistant", "user"],
      ["appendAll", "assistant"],
    ]);
    await expectTokens(store, 130, 112);
  });

  test("gives the model the whole history, without what has no answer", async () => {
    const orphan: Message = { role: "assistant", content: [{ type: "tool_use", id: "9", name: "weather", input: {} }] };
    const store = new MemoryContextStore([question, toolUse, toolResult, conclusion, orphan]);
    const model = modelOf(concludes);
    await runAgent(agentOf(model), { role: "user", content: [{ type: "text", text: "And now?" }] }, store);
    expect(model.doGenerateCalls[0]?.prompt.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
  });

  test("asks the model what it was asked, also where another run's answer is stored right behind that", async () => {
    class SharedStore extends MemoryContextStore {
      override async append(message: Message): Promise<void> {
        await super.append(message);
        await super.append(conclusion);
      }
    }
    const store = new SharedStore([question]);
    const model = modelOf(concludes);
    await runAgent(agentOf(model), "And Bergen?", store);
    expect(model.doGenerateCalls[0]?.prompt.at(-1)).toMatchObject({ role: "user", content: [{ text: "And Bergen?" }] });
    expect(await store.getHistory()).toHaveLength(4);
  });

  test("sends images, and stores the images that the model makes", async () => {
    const data = Uint8Array.of(0x89, 0x50, 0x4e, 0x47);
    const image = { type: "image", media_type: "image/png", data } as const;
    const store = new MemoryContextStore();
    const drawn = { type: "file", mediaType: "image/png", data: { type: "data", data } } as const;
    const model = modelOf(() => answer([{ type: "reasoning", text: "Hm." }, drawn]));
    await runAgent(agentOf(model), { role: "user", content: [image] }, store);
    expect(model.doGenerateCalls[0]?.prompt[0]?.content).toMatchObject([{ type: "file", mediaType: "image/png" }]);
    expect((await store.getHistory())[1]).toEqual({ role: "assistant", content: [image] });
  });

  test("counts tokens that the provider does not report as 0", async () => {
    const store = new MemoryContextStore();
    await runAgent(agentOf(modelOf(() => answer([say("Cold.")], undefined, Number.NaN))), "How is Oslo?", store);
    expect(await store.getContextTokens()).toEqual({ inputTokens: 0, outputTokens: 0 });
  });

  test("keeps the steps that ended when a later one fails, and rejects with the agent's own error", async () => {
    const store = new RecordingStore();
    const failure = new Error("The provider is down.");
    const agent = agentOf(modelOf(looksUp, () => Promise.reject(failure)));
    await expect(runAgent(agent, "How is Oslo?", store)).rejects.toBe(failure);
    expect(await store.getHistory()).toEqual([question, toolUse, toolResult]);
    await expectTokens(store, 10, 5);
  });

  test("keeps the question alone when the first step fails", async () => {
    const store = new MemoryContextStore();
    const failure = new Error("The provider is down.");
    await expect(runAgent(agentOf(modelOf(() => Promise.reject(failure))), "How is Oslo?", store)).rejects.toBe(
      failure,
    );
    expect(await store.getHistory()).toEqual([question]);
    await expectTokens(store, 0, 0);
  });

  test("stores a tool's failure as the result of the call", async () => {
    const store = new MemoryContextStore();
    const broken = tool({
      inputSchema: z.object({}),
      execute: (): Promise<string> => Promise.reject(new Error("broken")),
    });
    const model = modelOf(() => answer([call("1", "broken", {})]), concludes);
    await runAgent(agentOf(model, { broken }), "How is Oslo?", store);
    expect((await store.getHistory())[2]?.content).toEqual([
      { type: "tool_result", tool_use_id: "1", content: "Error: broken", is_error: true },
    ]);
  });

  test("does not store a call that nothing answered, but hands it out", async () => {
    const store = new MemoryContextStore();
    const ask = tool({ inputSchema: z.object({ question: z.string() }), outputSchema: z.string() });
    const calls = [call("1", "weather", { city: "Oslo" }), call("2", "ask", { question: "Today?" })];
    const model = modelOf(() => answer([say("Let me look."), ...calls]));
    const run = await runAgent(agentOf(model, { weather, ask }), "How is Oslo?", store);
    expect(run.result.finalStep.toolCalls.map(({ toolCallId }) => toolCallId)).toEqual(["1", "2"]);
    expect(await store.getHistory()).toEqual([question, toolUse, toolResult]);
  });

  test("does not store a call that waits for approval", async () => {
    const store = new RecordingStore();
    const risky = tool({ inputSchema: z.object({}), needsApproval: true, execute: async () => "done" });
    const model = modelOf(() => answer([call("1", "risky", {})], 10, 5));
    await runAgent(agentOf(model, { risky }), "How is Oslo?", store);
    expect(store.calls).toEqual([["append", "user"]]);
    await expectTokens(store, 10, 5);
  });

  test("stores the result that the provider computed behind its call", async () => {
    const store = new MemoryContextStore();
    const search = {
      type: "tool-call",
      toolCallId: "1",
      toolName: "search",
      input: "{}",
      providerExecuted: true,
      dynamic: true,
    } as const;
    const found = {
      type: "tool-result",
      toolCallId: "1",
      toolName: "search",
      result: { hits: 2 },
      dynamic: true,
    } as const;
    await runAgent(agentOf(modelOf(() => answer([search, found, say("Cold.")]))), "How is Oslo?", store);
    expect(await store.getHistory()).toEqual([
      question,
      { role: "assistant", content: [{ type: "tool_use", id: "1", name: "search", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "1", content: '{"hits":2}', is_error: false }] },
      conclusion,
    ]);
  });

  test("hands the agent's result out with its own type", async () => {
    const agent = new ToolLoopAgent({ model: modelOf(concludes), tools: { weather } });
    const run = await runAgent(agent, "How is Oslo?", new MemoryContextStore());
    expectTypeOf(run.result).toEqualTypeOf<Awaited<ReturnType<typeof agent.generate>>>();
    expect(run.result.steps).toHaveLength(1);
  });

  test("takes every Agent of the SDK, except one whose own call options it could not hand in", () => {
    expectTypeOf<Agent<never, ToolSet>>().toExtend<RunnableAgent<AgentResult>>();
    expectTypeOf<Agent<{ userId: string }, ToolSet>>().not.toExtend<RunnableAgent<AgentResult>>();
  });

  test("sends system messages when the agent was made to take them", async () => {
    const store = new MemoryContextStore([{ role: "system", content: [{ type: "text", text: "Be brief." }] }]);
    const model = modelOf(concludes);
    await runAgent(new ToolLoopAgent({ model, allowSystemInMessages: true }), "How is Oslo?", store);
    expect(model.doGenerateCalls[0]?.prompt[0]).toMatchObject({ role: "system", content: "Be brief." });
  });

  test("stores the steps of an agent that reports none while it runs", async () => {
    const store = new RecordingStore();
    const inner = agentOf(modelOf(looksUp, concludes));
    const silent = {
      generate: ({ messages }: Pick<Parameters<typeof inner.generate>[0], "messages">) =>
        inner.generate({ messages: messages ?? [] }),
    };
    await runAgent(silent, "How is Oslo?", store);
    expect(await store.getHistory()).toEqual([question, toolUse, toolResult, conclusion]);
    await expectTokens(store, 30, 12);
  });
});

describe("runAgent with a signal", () => {
  test("keeps the question when it is aborted while the model answers", async () => {
    const store = new MemoryContextStore();
    const controller = new AbortController();
    const reason = new Error("The user pressed stop.");
    const model = new MockLanguageModelV4({
      doGenerate: ({ abortSignal }) => {
        controller.abort(reason);
        abortSignal?.throwIfAborted();
        return Promise.resolve(answer([]));
      },
    });
    await expect(runAgent(agentOf(model), "How is Oslo?", store, { signal: controller.signal })).rejects.toBe(reason);
    expect(await store.getHistory()).toEqual([question]);
  });

  test("keeps what a tool did when it is aborted while the tool runs, and does not call the model again", async () => {
    const store = new MemoryContextStore();
    const controller = new AbortController();
    const pay = tool({
      inputSchema: z.object({}),
      execute: async () => {
        controller.abort();
        return "paid";
      },
    });
    const model = modelOf(() => answer([call("1", "pay", {})], 10, 5), concludes);
    const run = runAgent(agentOf(model, { pay }), "How is Oslo?", store, { signal: controller.signal });
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(model.doGenerateCalls).toHaveLength(1);
    expect((await store.getHistory()).at(-1)?.content).toEqual([
      { type: "tool_result", tool_use_id: "1", content: "paid", is_error: false },
    ]);
    await expectTokens(store, 10, 5);
  });

  test("stores nothing when it was aborted before it began", async () => {
    const store = new RecordingStore();
    const reason = new Error("too late");
    const run = runAgent(agentOf(modelOf()), "How is Oslo?", store, { signal: AbortSignal.abort(reason) });
    await expect(run).rejects.toMatchObject({ code: "aborted", outcome: "not-applied", cause: reason });
    expect(store.calls).toEqual([]);
  });
});

describe("what cannot be run", () => {
  const agent = agentOf(modelOf());

  test.each([
    ["no agent", undefined, new RecordingStore(), {}],
    ["an agent of another kind", { invoke() {} }, new RecordingStore(), {}],
    ["no store", agent, undefined, {}],
    ["a list for a store", agent, [], {}],
    ["null for the options", agent, new RecordingStore(), null],
    ["a signal that is none", agent, new RecordingStore(), { signal: {} }],
  ])("%s is refused before anything is stored", async (_, given, store, options) => {
    const args = [given, "How is Oslo?", store, options] as unknown as [never, string, never, never];
    for (const running of [runAgent(...args), streamAgent(...args)]) {
      await expect(running).rejects.toMatchObject({ name: "ContextStoreError", code: "invalid-argument" });
    }
    expect(store instanceof RecordingStore ? store.calls : []).toEqual([]);
  });
});

describe("runAgent when the store fails", () => {
  /** A store whose `appendAll` rejects. */
  class FullStore extends MemoryContextStore {
    static readonly failure = new Error("The disk is full.");

    override appendAll(): Promise<void> {
      return Promise.reject(FullStore.failure);
    }
  }

  test("rejects with the store's error and does not call the model again", async () => {
    const store = new FullStore();
    const model = modelOf(looksUp, concludes);
    await expect(runAgent(agentOf(model), "How is Oslo?", store)).rejects.toBe(FullStore.failure);
    expect(model.doGenerateCalls).toHaveLength(1);
    expect(await store.getHistory()).toEqual([question]);
    await expectTokens(store, 0, 0);
  });

  test("rejects with the store's error when the answer was complete", async () => {
    await expect(runAgent(agentOf(modelOf(concludes)), "How is Oslo?", new FullStore())).rejects.toBe(
      FullStore.failure,
    );
  });
});
