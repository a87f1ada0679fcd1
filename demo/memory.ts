import type { Message, StoredMessage } from "../src/index.js";

/** What the responder makes of a history. */
export interface Memory {
  /** The latest thing that the user said. */
  readonly text: string;
  /** Everything that the user said, oldest first. */
  readonly said: readonly string[];
  /** How many messages there are. */
  readonly turn: number;
}

export function remember(history: readonly Message[]): Memory {
  const said = history
    .filter(({ role }) => role === "user")
    .map(textOf)
    .filter((text) => text !== "");
  return { text: said.at(-1) ?? "", said, turn: history.length };
}

/** The text of a message without its tools and images. */
export function textOf({ content }: Message): string {
  return content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
}

/** Whether the user said, or showed, something: the results of tools stand in messages of that role, too. */
export function isFromUser({ role, content }: Message): boolean {
  return role === "user" && content.some(({ type }) => type !== "tool_result");
}

/** Whether a history ends with something that nobody answered, or not to the end. */
export function isUnanswered(history: readonly StoredMessage[]): boolean {
  const last = history.at(-1);
  return last?.status === "partial" || last?.role === "user";
}
