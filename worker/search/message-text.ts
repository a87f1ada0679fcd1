import { unseal } from "../envelopes/envelope.js";
import { parseJson } from "../envelopes/stored-json.js";

/** What of a message is searched: its texts, and what tools were asked and answered. "" where it cannot be read. */
export function textOfStored(content: unknown): string {
  try {
    return textOf(parseJson(unseal(content)));
  } catch {
    return "";
  }
}

/** The texts of a content's blocks, a line break between two. */
function textOf(content: unknown): string {
  const texts: string[] = [];
  if (Array.isArray(content)) for (const block of content) collect(block, texts);
  return texts.join("\n");
}

function collect(block: unknown, texts: string[]): void {
  if (typeof block !== "object" || block === null) return;
  const { type, text, name, input, content } = block as Record<string, unknown>;
  if (type === "text") collectStrings(text, texts);
  else if (type === "tool_use") collectStrings([name, input], texts);
  else if (type === "tool_result") {
    if (Array.isArray(content)) for (const inner of content) collect(inner, texts);
    else collectStrings(content, texts);
  }
}

/** All strings and numbers in a value: those of a tool's input, whatever its shape. */
function collectStrings(value: unknown, texts: string[]): void {
  if (typeof value === "string" || typeof value === "number") texts.push(String(value));
  else if (typeof value === "object" && value !== null)
    for (const item of Object.values(value)) collectStrings(item, texts);
}
