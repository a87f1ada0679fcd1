import type { Message } from "../src/index.js";

/** About how many tokens a model would count: one for four characters. */
export function estimateTokens(messages: readonly Message[]): number {
  const characters = messages
    .flatMap(({ content }) => content)
    .reduce((sum, block) => sum + (block.type === "image" ? 1024 : JSON.stringify(block).length), 0);
  return Math.ceil(characters / 4);
}
