import { readStoredContent } from "../../src/content.js";
import { ContextStoreError } from "../../src/errors.js";
import type { ContentBlock, JsonObject, Message, Role } from "../../src/messages.js";
import type { MessageRow, SessionKey } from "../../src/operations.js";
import { unseal } from "../envelopes/envelope.js";
import { readJson } from "../envelopes/stored-json.js";

/** A row of the owner's answer; its content may be the JSON that is kept here. */
export type Row = MessageRow<string | { readonly json: string }>;

/** In characters. What is longer the page would parse for longer than the engine takes to hand over its values. */
const MAX_TEXT = 2 * 1024 * 1024;

/**
 * Blocks as the JSON text that they are stored as, where the page gets them by parsing it; as values, where that is long,
 * or there are images, numbers that JSON lacks, or fields that are not a block's.
 */
type Content =
  | { readonly json: string; readonly blocks?: undefined }
  | { readonly json?: undefined; readonly blocks: readonly ContentBlock[] };

/** A row that has been read: what of the message is neither content nor metadata, and the JSON text of that. */
export interface ReadRow {
  readonly head: Pick<Message, "role">;
  readonly content: Content;
  readonly metadata: string | null;
}

interface TextRow extends ReadRow {
  readonly content: { readonly json: string };
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

/** Whether the whole of it can travel as text. */
export function isText(row: ReadRow): row is TextRow {
  return row.content.json !== undefined;
}

/** The message as JSON text. */
export function toText({ head, content: { json }, metadata }: TextRow): string {
  const last = metadata === null ? "}" : `,"metadata":${metadata}}`;
  return `${JSON.stringify(head).slice(0, -1)},"content":${json}${last}`;
}

/** The message. */
export function toValue({ head, content: { json, blocks }, metadata }: ReadRow): Message {
  return {
    ...head,
    content: blocks ?? (JSON.parse(json) as ContentBlock[]),
    ...(metadata !== null && { metadata: JSON.parse(metadata) as JsonObject }),
  };
}

function readContent(stored: Row["content"]): Content {
  // A row from elsewhere may hold a BLOB.
  if (typeof stored === "object" && stored !== null && "json" in stored) return stored;
  const json = unseal(stored);
  const { content, isPlain } = readJson(json);
  const blocks = readStoredContent(content);
  return isPlain && json.length <= MAX_TEXT && isSame(content, blocks) ? { json } : { blocks };
}

/** Whether what was read has all that was stored. */
function isSame(stored: unknown, read: unknown): boolean {
  if (stored === read) return true;
  if (typeof stored !== "object" || stored === null || typeof read !== "object" || read === null) return false;
  const keys = Object.keys(stored);
  return (
    keys.length === Object.keys(read).length &&
    keys.every((key) => isSame(stored[key as keyof typeof stored], read[key as keyof typeof read]))
  );
}

function corrupt(position: number, { sessionId, project }: SessionKey, cause: unknown): ContextStoreError {
  const what = cause instanceof Error ? cause.message : String(cause);
  const where = `Message ${position} of session ${JSON.stringify(sessionId)} in project ${JSON.stringify(project)}`;
  const how = `The others are sound; read them with getMessages({ before: ${position} }) and getMessages({ after: ${position} })`;
  return new ContextStoreError("corrupt", `${where} cannot be read: ${what}. ${how}.`, { cause });
}
