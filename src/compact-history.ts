import { checkCount, checkOptions, checkSignal, refuse } from "./arguments.js";
import { ContextStoreError } from "./errors.js";
import type { ContentBlock, Message, StoredMessage } from "./messages.js";
import type { SQLiteContextStore } from "./sqlite-context-store.js";

/** How {@link compactHistory} shrinks a history. */
export interface CompactOptions {
  /**
   * Makes the summary of the messages that it is given, all those that will go. A string becomes one message of the
   * user; an empty array takes them out without a summary. It may take its time: nothing is locked meanwhile.
   */
  readonly summarize: (
    messages: readonly Message[],
    options: { readonly signal: AbortSignal | undefined },
  ) => string | Message | readonly Message[] | Promise<string | Message | readonly Message[]>;
  /** How many of the last messages stay as they are, at least. @default 6 */
  readonly keepRecent?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Shrinks a long history: everything but the last `keepRecent` messages becomes what `summarize` returns, in one
 * transaction. Whatever happens before that leaves the history as it was; messages that are appended meanwhile stay,
 * behind the summary, and so do token counts. A tool call is never parted from its result, nor taken from under an
 * answer that is still being written at the end: rather some more messages are kept.
 *
 * Resolves to `false`, without asking for a summary, when there is nothing to compact. Rejects with whatever `summarize`
 * throws; `conflict` when one of the messages was edited meanwhile; `aborted` when `signal` fires before the summary
 * is there; `invalid-message` for a summary that cannot be stored, or is an empty text.
 */
export async function compactHistory(
  store: Pick<SQLiteContextStore, "getMessages" | "splice">,
  options: CompactOptions,
): Promise<boolean> {
  const { summarize, keepRecent = 6, signal } = checkOptions(options);
  if (typeof store?.splice !== "function") refuse("compactHistory() needs a SQLiteContextStore.");
  if (typeof summarize !== "function") refuse("compactHistory() needs a function summarize.");
  checkSignal(signal);
  checkCount("keepRecent", keepRecent);
  throwIfAborted(signal);
  const messages = await store.getMessages();
  const old = messages.slice(0, findCut(messages, messages.length - keepRecent));
  if (old.length === 0) return false;
  const history = old.map(({ role, content }) => ({ role, content }));
  const summary = await untilAborted(async () => summarize(history, { signal }), signal);
  const known = partialOnes(old);
  const now = known[0] && partialOnes(await store.getMessages({ before: old.length }));
  if (now && JSON.stringify(now) !== JSON.stringify(known))
    throw new ContextStoreError("conflict", "A message went on while it was summarized. Read again, and decide.");
  await store.splice(0, old.length, toMessages(summary), { expectIds: idsOf(old), expectPartial: idsOf(known) });
  return true;
}

/** Messages that were still being written: these keep their ids when they go on. The others may hold many images. */
function partialOnes(messages: readonly StoredMessage[]): StoredMessage[] {
  return messages.filter(({ status }) => status === "partial");
}

function idsOf(messages: readonly StoredMessage[]): number[] {
  return messages.map(({ id }) => id);
}

/** The greatest cut up to `wanted` that parts no call from its result, not even from one that is still to come. */
function findCut(messages: readonly StoredMessage[], wanted: number): number {
  const callers = new Map<string, number>();
  const answered = new Map<number, number>();
  for (const [place, { content }] of messages.entries()) {
    for (const block of content) {
      if (block.type === "tool_use") callers.set(block.id, place);
      const caller = block.type === "tool_result" ? callers.get(block.tool_use_id) : undefined;
      if (caller !== undefined) answered.set(caller, place);
    }
  }
  let cut = Math.min(wanted, ongoingFrom(messages));
  // Moving the cut may bring it between another call and its result.
  for (let place = cut - 1; place >= 0; place--) if ((answered.get(place) ?? 0) >= cut) cut = place;
  return Math.max(cut, 0);
}

/** Where at the end of a history something begins that has not ended: a message being written, a call without a result. */
function ongoingFrom(messages: readonly StoredMessage[]): number {
  const results = new Set<string>();
  let from = messages.length;
  for (let place = messages.length - 1; place >= 0; place--) {
    const { content, status } = messages[place]!;
    for (const block of content) if (block.type === "tool_result") results.add(block.tool_use_id);
    const isOngoing = status === "partial" || content.some((block) => isOpen(block, results));
    if (isOngoing) from = place;
    // Whoever wrote this waits for nothing that came before it.
    else if (!content.some(({ type }) => type === "tool_use" || type === "tool_result")) break;
  }
  return from;
}

function isOpen(block: ContentBlock, results: ReadonlySet<string>): boolean {
  return block.type === "tool_use" && !results.has(block.id);
}

function toMessages(summary: string | Message | readonly Message[]): readonly Message[] {
  if (typeof summary !== "string") return Array.isArray(summary) ? summary : [summary as Message];
  if (summary.trim() === "")
    throw new ContextStoreError("invalid-message", "The summary is empty. Nothing was changed.");
  return [{ role: "user", content: [{ type: "text", text: summary }] }];
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new ContextStoreError("aborted", "compactHistory() was aborted by its signal. Nothing was changed.", {
      cause: signal.reason,
    });
}

/** The work's value, or a rejection as soon as the signal fires, whether the work listens to it or not. */
async function untilAborted<Value>(work: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  let onAbort: (event?: unknown) => void = () => {};
  const aborted = new Promise<unknown>((resolve) => {
    signal?.addEventListener("abort", (onAbort = resolve), { once: true });
  });
  try {
    const value = await Promise.race([work(), aborted.then(() => throwIfAborted(signal) as never)]);
    throwIfAborted(signal);
    return value;
  } catch (error) {
    // A function that listens to the signal rejects with an error of its own.
    throwIfAborted(signal);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
