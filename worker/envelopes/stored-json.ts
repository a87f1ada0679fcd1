import type { ContentBlock } from "../../src/messages.js";
import { decodeBase64, encodeBase64 } from "./base64.js";

// The JSON text of a message's content, as the Python package writes and reads it: image bytes stand as base64, and
// numbers may be NaN and Infinity, which JSON lacks.

/** The text to store for blocks with image bytes. */
export function contentToJson(content: readonly ContentBlock[]): string {
  return JSON.stringify(content, (_, value: unknown) => (value instanceof Uint8Array ? encodeBase64(value) : value));
}

/** What a stored text says. */
export interface StoredJson {
  /** The blocks, images as bytes. They are not checked. */
  readonly content: unknown;
  /** Whether JSON.parse() makes exactly that of the text. */
  readonly isPlain: boolean;
}

/** Reads a stored text. Throws `SyntaxError` for what Python could not read either. */
export function readJson(json: string): StoredJson {
  const [content, isPlain] = parse(json);
  return { content, isPlain: !restoreImages(content) && isPlain };
}

/** Puts bytes in the place of base64, and tells whether there was any. */
function restoreImages(content: unknown): boolean {
  let found = false;
  if (!Array.isArray(content)) return found;
  for (const block of content as unknown[]) {
    if (typeof block !== "object" || block === null) continue;
    if ("content" in block && restoreImages(block.content)) found = true;
    if (!("type" in block) || block.type !== "image" || !("data" in block) || typeof block.data !== "string") continue;
    block.data = decodeBase64(block.data);
    found = true;
  }
  return found;
}

function parse(json: string): [content: unknown, isPlain: boolean] {
  try {
    return [JSON.parse(json), true];
  } catch (error) {
    if (!/NaN|Infinity/.test(json)) throw error;
    return [parsePythonJson(json), false];
  }
}

/** With Python's three further numbers. They are put aside as strings that cannot otherwise occur, outside of strings. */
function parsePythonJson(json: string): unknown {
  const mark = `\u0000${crypto.randomUUID()}:`;
  const marked = json.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) =>
    token.startsWith('"') ? token : JSON.stringify(mark + token),
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? Number(value.slice(mark.length)) : value,
  );
}
