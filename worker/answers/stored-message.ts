import { readStoredContent } from "../../src/content.js";
import { ContextStoreError } from "../../src/errors.js";
import { readBatch } from "../../src/message-batch.js";
import type { ContentBlock, JsonObject, Message, Role } from "../../src/messages.js";
import type { MessageRow, SessionKey } from "../../src/operations.js";
import { unseal } from "../envelopes/envelope.js";
import { readJson } from "../envelopes/stored-json.js";

/** A row of the owner's answer; its content is the sealed one, or one that is kept here. */
type Row = MessageRow<unknown>;

/** In characters. A longer one the page would parse for longer than the engine takes to hand over its values. */
const MAX_JSON = 2 * 1024 * 1024;

/** Blocks as JSON text, in which numbers stand for texts, and these; see {@link MessageBatch}. */
export interface ContentText {
  readonly json: string;
  readonly texts: string;
}

/** Blocks as text, or, where there are images, numbers that JSON lacks, or too much of other things, as values. */
type Content = ContentText | readonly ContentBlock[];

/** A row that has been read: content, the JSON text of the metadata, and what else the message has. */
export interface ReadRow {
  readonly head: Pick<Message, "role">;
  readonly content: Content;
  readonly metadata: string | null;
}

/** Reads a row; `brief`: role and content. Throws `corrupt` for one that cannot be read. */
export function readRow(row: Row, session: SessionKey, brief = false): ReadRow {
  const { id, uid, position, createdAt, content, status } = row;
  const role = row.role as Role;
  // A row that was read among the rows of a range has more than was asked for.
  const metadata = brief ? null : row.metadata;
  const head = brief
    ? { role }
    : { id, ...(uid !== null && { uid }), position, createdAt, role, status: status ?? "complete" };
  try {
    if (metadata !== null) JSON.parse(metadata);
    return { head, content: readContent(content), metadata };
  } catch (error) {
    throw corrupt(position, session, error);
  }
}

/** The message as JSON text with numbers in the place of its texts, if its content is of that kind. */
export function toText({ head, content, metadata }: ReadRow): string | undefined {
  if (!isText(content)) return undefined;
  const last = metadata === null ? "}" : `,"metadata":${metadata}}`;
  return `${JSON.stringify(head).slice(0, -1)},"content":${content.json}${last}`;
}

/** What stands for the numbers in {@link toText}. */
export function textsOf({ content }: ReadRow): string {
  return isText(content) ? content.texts : "";
}

/** The message. */
export function toValue(row: ReadRow): Message {
  const { head, content, metadata } = row;
  if (isText(content)) return readBatch({ messages: `[${toText(row)}]`, texts: content.texts })[0]!;
  return { ...head, content, ...(metadata !== null && { metadata: JSON.parse(metadata) as JsonObject }) };
}

/** In characters. */
export function sizeOf({ json, texts }: ContentText): number {
  return json.length + texts.length;
}

export function isText(content: Content): content is ContentText {
  return "json" in content;
}

function readContent(stored: unknown): Content {
  // A row from elsewhere may hold a BLOB.
  if (typeof stored === "object" && stored !== null && "json" in stored) return stored as ContentText;
  const blocks = readStoredContent(readJson(unseal(stored)));
  return textOf(blocks) ?? blocks;
}

/** The blocks as text, where that says all of them. */
function textOf(blocks: readonly ContentBlock[]): ContentText | undefined {
  let texts = "";
  const lengthOf = (text: string) => {
    texts += text;
    return text.length;
  };
  const measured = (part: readonly ContentBlock[]): unknown[] =>
    part.map((block) => {
      if (block.type === "text") return { type: "text", text: lengthOf(block.text) };
      if (block.type !== "tool_result") return block;
      const { content } = block;
      return { ...block, content: typeof content === "string" ? lengthOf(content) : measured(content) };
    });
  const rest = measured(blocks);
  let isAll = true;
  const watch = (_: string, value: unknown) => {
    const isOdd = typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0));
    if (isOdd || value instanceof Uint8Array) isAll = false;
    // Not the bytes of an image one by one.
    return isAll ? value : null;
  };
  const isProse = blocks.every(({ type }) => type === "text");
  const json = JSON.stringify(rest, isProse ? undefined : watch);
  return isAll && json.length <= MAX_JSON ? { json, texts } : undefined;
}

function corrupt(position: number, { sessionId, project }: SessionKey, cause: unknown): ContextStoreError {
  const what = cause instanceof Error ? cause.message : String(cause);
  const where = `Message ${position} of session ${JSON.stringify(sessionId)} in project ${JSON.stringify(project)}`;
  const how = `The others are sound; read them with getMessages({ before: ${position} }) and getMessages({ after: ${position} })`;
  return new ContextStoreError("corrupt", `${where} cannot be read: ${what}. ${how}.`, { cause });
}
