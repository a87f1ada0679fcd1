import type { ContentBlock } from "./messages.js";

/** What a session without any user text is shown as. */
export const NO_PREVIEW = "(no preview)";

/** How a list shows a session: the first 80 code points of the first text in its first user message. */
export function previewOf(content: readonly ContentBlock[]): string {
  const block = content.find((candidate) => candidate.type === "text");
  if (!block) return NO_PREVIEW;
  // 80 code points are at most 160 UTF-16 code units; 162 tell whether there is more without splitting a long text.
  const points = Array.from(block.text.slice(0, 162));
  // SQLite cannot hold half of a surrogate pair.
  return (points.length > 80 ? `${points.slice(0, 80).join("")}...` : block.text).toWellFormed();
}
