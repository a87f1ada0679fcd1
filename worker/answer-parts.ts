import type { Reply } from "../src/protocol.js";

/** A piece of the text, or some of the items, that an answer is. */
export type AnswerPart = string | readonly unknown[];

/**
 * In characters, of two bytes at most. What is larger than 64 KB Chromium passes from process to process in shared memory,
 * made for that one message; pieces of it take half as long (measured by hand).
 */
const PART = 32 * 1024;

/** What an item takes beside its content, in characters. */
const ITEM = 256;

/** Says a part of an answer before its end. `seq`: of which call. */
export type Tell = (seq: number, part: AnswerPart) => void;

/** Cuts a large answer into parts that are to be told before it, and what is left of it. */
export function cut(reply: Reply): readonly [parts: readonly AnswerPart[], last: Reply] {
  const value = reply.ok ? reply.value : undefined;
  if (typeof value !== "string" && !Array.isArray(value)) return [[], reply];
  const parts = piecesOf(value as AnswerPart);
  return [parts.slice(0, -1), { ...reply, value: parts.at(-1) } as Reply];
}

/** What is too large for one message, in pieces. */
export function piecesOf(part: AnswerPart): readonly AnswerPart[] {
  return typeof part === "string" ? cutText(part) : cutItems(part);
}

/** The whole answer again. */
export function join(parts: readonly AnswerPart[], last: Reply): Reply {
  if (!last.ok || parts.length === 0) return last;
  const all = [...parts, last.value as AnswerPart];
  return { ...last, value: typeof last.value === "string" ? all.join("") : all.flat() };
}

function cutText(text: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length || at === 0; at += PART) parts.push(text.slice(at, at + PART));
  return parts;
}

function cutItems(items: readonly unknown[]): unknown[][] {
  let part: unknown[] = [];
  let size = 0;
  const parts = [part];
  for (const item of items) {
    const added = sizeOf(item);
    if (size + added > PART && part.length > 0) {
      parts.push((part = []));
      size = 0;
    }
    size += added;
    part.push(item);
  }
  return parts;
}

function sizeOf(item: unknown): number {
  const isLong = typeof item === "object" && item !== null && "content" in item && typeof item.content === "string";
  return ITEM + (isLong ? (item.content as string).length : 0);
}
