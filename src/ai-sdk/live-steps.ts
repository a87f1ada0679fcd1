import type { AssistantContent } from "ai";
import type { ContextStore } from "../context-store.js";
import type { MessageWriter } from "../message-writer.js";
import type { ContentBlock, Message } from "../messages.js";
import type { SQLiteContextStore } from "../sqlite-context-store.js";
import { fromModelMessages } from "./from-model-messages.js";
import { type AgentStep, appendAll } from "./step-recorder.js";

type LivePart = Exclude<AssistantContent, string>[number];
type StreamingStore = ContextStore & Pick<SQLiteContextStore, "beginMessage">;

/** What `streamAgent` reads of a part of the stream: the pieces of a text, and the calls of tools. */
export interface AgentStreamPart {
  readonly type: string;
  readonly id?: string | undefined;
  readonly text?: string | undefined;
  readonly toolCallId?: string | undefined;
  readonly toolName?: string | undefined;
  readonly input?: unknown;
}

/** The steps of a run: the message of the one that is under way is written while it comes, if the store can do that. */
export class LiveSteps {
  readonly #store: ContextStore;
  readonly #stop: AbortController;
  #parts: LivePart[] = [];
  /** Where in the parts the texts are that may still grow. */
  #texts = new Map<string, number>();
  /** By the number of the step, from 1 on. */
  readonly #writers = new Map<number, Promise<MessageWriter>>();
  /** How many ends were reported, and beginnings heard: a report may be faster than the stream. */
  #ended = 0;
  #heard = 0;

  constructor(store: ContextStore, stop: AbortController) {
    this.#store = store;
    this.#stop = stop;
  }

  /** Takes the next part of the stream. */
  hear(part: AgentStreamPart): void {
    if (part.type === "start-step") {
      this.#heard++;
      this.#parts = [];
      this.#texts.clear();
    }
    if (!canStream(this.#store) || this.#heard <= this.#ended || !this.#take(part)) return;
    const parts = this.#parts;
    const begun = this.#writers.get(this.#heard) ?? this.#store.beginMessage("assistant");
    this.#writers.set(this.#heard, begun);
    begun.then((writer) => writer.update(toContent(parts))).catch((error: unknown) => this.#stop.abort(error));
  }

  /** Stores what a step has come to. `false`: it broke off. */
  async end(messages: readonly Message[], { finishReason, rawFinishReason }: AgentStep): Promise<boolean | void> {
    const begun = this.#writers.get(++this.#ended);
    this.#writers.delete(this.#ended);
    // A step that broke off has no other end than this: what has come of it stays partial. Where a provider itself calls
    // the end an error, it says which.
    if (finishReason === "error" && rawFinishReason === undefined) return false;
    if (!begun) return appendAll(this.#store, messages);
    const writer = await begun;
    const [first, ...rest] = messages;
    // In one transaction: no call is ever there without its result, nor a result without its call.
    if (first?.role === "assistant") await writer.finish(first.content, rest);
    else await Promise.all([writer.abort(), appendAll(this.#store, messages)]);
  }

  /** Whether the part adds something to the message. */
  #take({ type, id = "", text = "", toolCallId, toolName, input }: AgentStreamPart): boolean {
    if (type === "text-start") this.#texts.set(id, this.#parts.push({ type: "text", text: "" }) - 1);
    if (type === "text-delta") {
      const place = this.#texts.get(id);
      const part = place === undefined ? undefined : this.#parts[place];
      if (part?.type !== "text") return false;
      this.#parts[place!] = { type: "text", text: part.text + text };
      return true;
    }
    if (type !== "tool-call" || toolCallId === undefined || toolName === undefined) return false;
    this.#parts.push({ type: "tool-call", toolCallId, toolName, input });
    return true;
  }
}

function canStream(store: ContextStore): store is StreamingStore {
  return "beginMessage" in store;
}

function toContent(parts: readonly LivePart[]): readonly ContentBlock[] {
  const shown = parts.filter((part) => part.type !== "text" || part.text !== "");
  return fromModelMessages([{ role: "assistant", content: shown }])[0]?.content ?? [];
}
