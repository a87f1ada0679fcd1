import type { ModelMessage } from "ai";
import type { ContextStore } from "../context-store.js";
import type { ContextTokens, Message } from "../messages.js";
import { checkAgent, prepareRun } from "./prepare-run.js";
import { type AgentStep, StepRecorder } from "./step-recorder.js";

/** What {@link runAgent} reads of an agent's result. */
export interface AgentResult {
  readonly text: string;
  readonly steps: readonly AgentStep[];
}

/** What {@link runAgent} needs of an agent. A `ToolLoopAgent` has it, and every other `Agent` of the AI SDK 7. */
export interface RunnableAgent<RESULT extends AgentResult> {
  generate(options: {
    messages: ModelMessage[];
    abortSignal: AbortSignal;
    onStepEnd: (step: AgentStep) => Promise<void>;
  }): PromiseLike<RESULT>;
}

/** Options of {@link runAgent}. */
export interface RunAgentOptions {
  /** Ends the run. What was stored until then stays. */
  readonly signal?: AbortSignal | undefined;
}

/** What an agent answered, and what was stored of it. */
export interface AgentRun<RESULT> {
  /** The text of the last step; empty if there was none. */
  readonly text: string;
  /** What this run appended to the store: the input, then what the agent and its tools answered. */
  readonly messages: readonly Message[];
  /** What this run added to the store's token counts. What a provider does not report counts as 0. */
  readonly usage: ContextTokens;
  /** The SDK's own result. */
  readonly result: RESULT;
}

/**
 * Runs an agent of the AI SDK with the store as its memory: appends the input, runs the agent on the whole history,
 * appends what it answered, and adds the tokens used.
 *
 * Each step is stored when it ends, before the next one begins: the assistant's tool calls and their results in one
 * `appendAll` (one transaction in the SQLite store), so that no call is ever stored without its result. What tools did in
 * earlier steps is therefore remembered when the run fails or is aborted later; the input stays too. Of a step that did
 * not end, nothing is stored, and its tokens are not counted.
 *
 * A call that got no result in its own step (a tool without `execute`, a call that waits for approval, a provider's
 * deferred result) is not stored; it stands in `result`. See `fromModelMessages` for what else the format cannot hold.
 *
 * The SDK refuses `system` messages in a history unless the agent was made with `allowSystemInMessages: true`.
 *
 * Rejects with the agent's own error, untouched. When the store fails, the agent is aborted before its next step, and
 * the store's error is what this rejects with. Rejects `aborted` with a signal that has already fired, and
 * `invalid-argument`; then nothing was stored.
 *
 * @example
 * ```ts
 * const agent = new ToolLoopAgent({ model, tools });
 * const { text } = await runAgent(agent, "What is the weather in Oslo?", store);
 * ```
 */
export async function runAgent<RESULT extends AgentResult>(
  agent: RunnableAgent<RESULT>,
  input: string | Message,
  store: ContextStore,
  options: RunAgentOptions = {},
): Promise<AgentRun<RESULT>> {
  checkAgent(agent, "generate");
  const { message, messages, stop, abortSignal } = await prepareRun(input, store, options);
  const recorder = new StepRecorder(store, stop);
  try {
    const result = await agent.generate({ messages, abortSignal, onStepEnd: (step) => recorder.add(step) });
    // The interface does not oblige an agent to report its steps as they end.
    const unreported = result.steps.slice(recorder.steps).map((step) => recorder.add(step));
    await Promise.all(unreported);
    await recorder.stored;
    return { text: result.text, messages: [message, ...recorder.messages], usage: recorder.usage, result };
  } catch (error) {
    await recorder.stored;
    throw error;
  }
}
