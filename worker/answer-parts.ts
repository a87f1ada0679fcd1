import type { MessageBatch } from "../src/message-batch.js";
import type { Reply } from "../src/protocol.js";

/**
 * In characters, of two bytes at most. What is larger than 64 KB Chromium passes from process to process in shared memory,
 * made for that one message; pieces of it take half as long (measured by hand).
 */
const PART = 32 * 1024;

/** Of messages whose text has been cut: how much of it is the JSON text, and the end of all. */
type CutBatch = Omit<MessageBatch, "messages"> & { readonly messages: number };

/** Cuts a large answer of text into parts that are to be told before it, and what is left of it. */
export function cut(reply: Reply): readonly [parts: readonly string[], last: Reply] {
  const value = reply.ok ? reply.value : undefined;
  const text = textOf(value);
  if (text.length <= PART) return [[], reply];
  const parts: string[] = [];
  let at = 0;
  for (; at + PART < text.length; at += PART) parts.push(text.slice(at, at + PART));
  const end = text.slice(at);
  const last = isBatch(value) ? { ...value, messages: value.messages.length, texts: end } : end;
  return [parts, { ...reply, value: last } as Reply];
}

/** The whole answer again. */
export function join(parts: readonly string[], last: Reply): Reply {
  if (!last.ok || parts.length === 0) return last;
  if (typeof last.value === "string") return { ...last, value: parts.join("") + last.value };
  const batch = last.value as CutBatch;
  const text = parts.join("") + batch.texts;
  const messages = text.slice(0, batch.messages);
  return { ...last, value: { ...batch, messages, texts: text.slice(batch.messages) } };
}

/** All of an answer that is text. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return isBatch(value) ? value.messages + value.texts : "";
}

function isBatch(value: unknown): value is MessageBatch & { readonly messages: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "texts" in value &&
    "messages" in value &&
    typeof value.messages === "string"
  );
}
