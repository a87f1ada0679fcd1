import type { ModelMessage } from "ai";
import type { ContextStore } from "../context-store.js";
import type { Message } from "../messages.js";
import { type AgentStreamPart, LiveSteps } from "./live-steps.js";
import { checkAgent, prepareRun } from "./prepare-run.js";
import type { RunAgentOptions } from "./run-agent.js";
import { type AgentStep, StepRecorder } from "./step-recorder.js";

/** What {@link streamAgent} reads of an agent's result. */
export interface AgentStream {
  /** One more reader of the stream at every access. */
  readonly stream: AsyncIterable<AgentStreamPart>;
  readonly steps: PromiseLike<readonly AgentStep[]>;
}

/** What {@link streamAgent} needs of an agent. A `ToolLoopAgent` has it, and every other `Agent` of the AI SDK 7. */
export interface StreamableAgent<RESULT extends AgentStream> {
  stream(options: {
    messages: ModelMessage[];
    abortSignal: AbortSignal;
    onStepEnd: (step: AgentStep) => Promise<void>;
  }): PromiseLike<RESULT>;
}

/**
 * Starts an agent of the AI SDK with the store as its memory, and resolves to the SDK's own result, with its streams:
 * appends the input, runs the agent on the whole history, stores what it answers, and adds the tokens used.
 *
 * In an SQLite store the message of each step is written as it comes (`beginMessage`): every tab sees it grow, and if
 * this one dies, what had come is there. Where the step ends, the message is completed, and the results of its tools are
 * appended in the same go, before the next step begins. Any other store gets each step when it ends. What is stored of a
 * step, and what of it is left out, is the same as with `runAgent`.
 *
 * The stream is read to its end whether or not the caller reads it; when the caller has come to its end, everything is
 * stored. When the run fails or is aborted, the message of the step that did not end stays as it is, with the status
 * `"partial"`, and its tokens are not counted. What the SDK takes back because it begins a step's stream anew
 * (`streamRetries`) stands before the rest until the step ends. When the store fails, the agent is aborted, with the
 * store's error as the reason. Rejects `aborted` with a signal that has already fired, and `invalid-argument`; then
 * nothing was stored.
 *
 * @example
 * ```ts
 * const { textStream } = await streamAgent(agent, "What is the weather in Oslo?", store);
 * for await (const piece of textStream) show(piece);
 * ```
 */
export async function streamAgent<RESULT extends AgentStream>(
  agent: StreamableAgent<RESULT>,
  input: string | Message,
  store: ContextStore,
  options: RunAgentOptions = {},
): Promise<RESULT> {
  checkAgent(agent, "stream");
  const { messages, stop, abortSignal } = await prepareRun(input, store, options);
  const live = new LiveSteps(store, stop);
  const recorder = new StepRecorder(store, stop, (added, step) => live.end(added, step));
  const result = await agent.stream({ messages, abortSignal, onStepEnd: (step) => recorder.add(step) });
  void follow(result, live, recorder);
  return result;
}

async function follow(result: AgentStream, live: LiveSteps, recorder: StepRecorder): Promise<void> {
  try {
    for await (const part of result.stream) live.hear(part);
    // The interface does not oblige an agent to report its steps as they end.
    const unreported = (await result.steps).slice(recorder.steps).map((step) => recorder.add(step));
    await Promise.all(unreported);
  } catch {
    // The caller has the result, which rejects with the same.
  }
}
