import type { ModelMessage } from "ai";
import type { ContextStore } from "../context-store.js";
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

/**
 * Reads the history and appends the input; what others append in between must not come behind it in what the model is
 * sent: many take an answer at the end for the beginning of theirs, or refuse it. With a signal that has already fired,
 * nothing is stored.
 */
export async function prepareRun(
  input: string | Message,
  store: ContextStore,
  signal: AbortSignal | undefined,
): Promise<PreparedRun> {
  signal?.throwIfAborted();
  const message: Message =
    typeof input === "string" ? { role: "user", content: [{ type: "text", text: input }] } : input;
  const history = [...(await store.getHistory()), message];
  await store.append(message);
  const messages = toModelMessages(history);
  const stop = new AbortController();
  return { message, messages, stop, abortSignal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal };
}
