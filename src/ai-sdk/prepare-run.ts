import type { ModelMessage } from "ai";
import { checkOptions, checkSignal, refuse } from "../arguments.js";
import type { ContextStore } from "../context-store.js";
import { ContextStoreError } from "../errors.js";
import type { Message } from "../messages.js";
import { toModelMessages } from "./to-model-messages.js";

/** What an agent is started with. */
export interface PreparedRun {
  /** The input, which is stored now. */
  readonly message: Message;
  /** The whole history, the input last. */
  readonly messages: ModelMessage[];
  /** Ends the run from within. */
  readonly stop: AbortController;
  readonly abortSignal: AbortSignal;
}

/** Throws `invalid-argument` where this is no agent that can be started so. */
export function checkAgent<Method extends string>(agent: { readonly [Name in Method]: unknown }, start: Method): void {
  if (typeof agent?.[start] !== "function") refuse("The agent must be one of the AI SDK 7, such as a ToolLoopAgent.");
}

/**
 * Reads the history and appends the input; what others append in between must not come behind it in what the model is
 * sent: many take an answer at the end for the beginning of theirs, or refuse it. Rejects `invalid-argument`, and
 * `aborted` with a signal that has already fired, before anything is stored.
 */
export async function prepareRun(
  input: string | Message,
  store: ContextStore,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<PreparedRun> {
  if (typeof store?.append !== "function" || typeof store.getHistory !== "function") {
    refuse("The store must be a ContextStore.");
  }
  const { signal } = checkOptions(options);
  checkSignal(signal);
  if (signal?.aborted) {
    const message = "The run was aborted before it began. Nothing was stored.";
    throw new ContextStoreError("aborted", message, { cause: signal.reason });
  }
  const message: Message =
    typeof input === "string" ? { role: "user", content: [{ type: "text", text: input }] } : input;
  const history = [...(await store.getHistory()), message];
  await store.append(message);
  const messages = toModelMessages(history);
  const stop = new AbortController();
  return { message, messages, stop, abortSignal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal };
}
