import type { ContentBlock } from "../../src/messages.js";
import { decodeBase64, encodeBase64 } from "./base64.js";

// The JSON text of a message's content, as the Python package writes and reads it: image bytes stand as base64, and
// numbers may be NaN and Infinity, which JSON lacks.

/** The text to store for blocks with image bytes. */
export function contentToJson(content: readonly ContentBlock[]): string {
  return JSON.stringify(content, (_, value: unknown) => (value instanceof Uint8Array ? encodeBase64(value) : value));
}

/**
 * Whether the page can parse the text itself. It can unless there are images (their base64 is decoded here) or numbers
 * that JSON lacks. May say no needlessly.
 */
export function isPlainJson(json: string): boolean {
  return !/"image"|NaN|Infinity|\\u00[2-7]/.test(json);
}

/** The blocks of a stored text, images as bytes. Throws `SyntaxError` for what Python could not read either. */
export function jsonToContent(json: string): unknown {
  const content: unknown = parse(json);
  if (Array.isArray(content)) content.forEach(restoreImages);
  return content;
}

function restoreImages(block: unknown): void {
  if (typeof block !== "object" || block === null) return;
  if ("type" in block && block.type === "image" && "data" in block && typeof block.data === "string") {
    block.data = decodeBase64(block.data);
  }
  if ("content" in block && Array.isArray(block.content)) block.content.forEach(restoreImages);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (!/NaN|Infinity/.test(json)) throw error;
    return parsePythonJson(json);
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
