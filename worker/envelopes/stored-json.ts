import type { ContentBlock } from "../../src/messages.js";
import { decodeBase64, encodeBase64 } from "./base64.js";

// The JSON text of a message's content, as the Python package writes and reads it: image bytes stand as base64, and
// numbers may be NaN and Infinity, which JSON lacks.

/** The text to store for blocks with image bytes. */
export function contentToJson(content: readonly ContentBlock[]): string {
  return JSON.stringify(content, (_, value: unknown) => (value instanceof Uint8Array ? encodeBase64(value) : value));
}

/** What a stored text says, images as bytes; nothing is checked. Throws `SyntaxError` for what Python could not read either. */
export function readJson(json: string): unknown {
  const content = parseJson(json);
  restoreImages(content);
  return content;
}

/** What a stored text says, with images as base64. Throws `SyntaxError` for what Python could not read either. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (!/NaN|Infinity/.test(json)) throw error;
    return parsePythonJson(json);
  }
}

/** Puts bytes in the place of base64. */
function restoreImages(content: unknown): void {
  if (!Array.isArray(content)) return;
  for (const block of content as unknown[]) {
    if (typeof block !== "object" || block === null) continue;
    if ("content" in block) restoreImages(block.content);
    if (!("type" in block) || block.type !== "image" || !("data" in block) || typeof block.data !== "string") continue;
    block.data = decodeBase64(block.data);
  }
}

/** With Python's three further numbers. They are put aside as strings that cannot otherwise occur, outside of strings. */
function parsePythonJson(json: string): unknown {
  const mark = `\u0000${crypto.randomUUID()}:`;
  const putAside = (text: string) => text.replace(/-?Infinity|NaN/g, (number) => JSON.stringify(mark + number));
  let marked = "";
  for (let at = 0; at < json.length;) {
    const begin = placeOf('"', json, at);
    const end = endOfString(json, begin);
    marked += putAside(json.slice(at, begin)) + json.slice(begin, end);
    at = end;
  }
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? Number(value.slice(mark.length)) : value,
  );
}

/** Behind the quote that ends the string which begins there. Not by a pattern: a long string would fill the stack. */
function endOfString(json: string, begin: number): number {
  for (let at = begin + 1; ; at++) {
    at = placeOf('"', json, at);
    let escapes = 0;
    while (json[at - 1 - escapes] === "\\") escapes++;
    if (at === json.length || escapes % 2 === 0) return at + 1;
  }
}

/** Where the text is found, or else the end. */
function placeOf(text: string, json: string, from: number): number {
  const place = json.indexOf(text, from);
  return place < 0 ? json.length : place;
}
