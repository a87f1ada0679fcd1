import type { ModelMessage } from "ai";
import type { ContextStore } from "../context-store.js";
import type { ContextTokens, Message } from "../messages.js";
import { fromModelMessages } from "./from-model-messages.js";
import { pairToolCalls } from "./tool-calls.js";

/** What this package reads of a step: a call of the model, with the tools that it asked for. */
export interface AgentStep {
  readonly response: { readonly messages: readonly ModelMessage[] };
  readonly finishReason?: string | undefined;
  /** What the provider itself calls it. */
  readonly rawFinishReason?: string | undefined;
  readonly usage: { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined };
}

/** Stores the messages of a step. `false`: it broke off, and what it used does not count. */
export type SaveStep = (messages: readonly Message[], step: AgentStep) => Promise<boolean | void>;

/** Stores steps in the order in which they end. */
export class StepRecorder {
  readonly messages: Message[] = [];
  usage: ContextTokens = { inputTokens: 0, outputTokens: 0 };
  steps = 0;
  /** Settles when everything was stored. After a failure nothing more is stored: the history would have a gap. */
  stored: Promise<void> = Promise.resolve();
  readonly #store: ContextStore;
  readonly #stop: AbortController;
  readonly #save: SaveStep;

  constructor(store: ContextStore, stop: AbortController, save: SaveStep = (messages) => appendAll(store, messages)) {
    this.#store = store;
    this.#stop = stop;
    this.#save = save;
  }

  add(step: AgentStep): Promise<void> {
    this.steps += 1;
    this.stored = this.stored.then(() => this.#write(step));
    // The SDK swallows what its callbacks reject with; without this the agent would go on unrecorded.
    this.stored.catch((error: unknown) => this.#stop.abort(error));
    return this.stored;
  }

  async #write(step: AgentStep): Promise<void> {
    const { response, usage } = step;
    const messages = withoutOpenCalls(fromModelMessages(response.messages));
    if ((await this.#save(messages, step)) === false) return;
    this.messages.push(...messages);
    const inputTokens = count(usage.inputTokens);
    const outputTokens = count(usage.outputTokens);
    await this.#store.addContextTokens(inputTokens, outputTokens);
    this.usage = {
      inputTokens: this.usage.inputTokens + inputTokens,
      outputTokens: this.usage.outputTokens + outputTokens,
    };
  }
}

/** In one transaction, where the store knows such; nothing for nothing. */
export async function appendAll(store: ContextStore, messages: readonly Message[]): Promise<void> {
  if (messages.length > 0) await store.appendAll(messages);
}

function withoutOpenCalls(messages: readonly Message[]): Message[] {
  return pairToolCalls(messages).flatMap(({ role, content, answers }): Message[] =>
    answers.length === 0
      ? [{ role, content }]
      : [
          { role, content },
          { role: "user", content: answers.map(({ result }) => result) },
        ],
  );
}

/** Providers report nothing, and some compatible ones nonsense; neither must cost the step. */
function count(tokens: number | undefined): number {
  return tokens !== undefined && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : 0;
}
