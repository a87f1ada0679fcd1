import type { ContentBlock, Message, Role, ToolResultBlock, ToolUseBlock } from "../messages.js";

// Providers take a history only if every tool call is answered in the very next message, and nothing else is answered.
// A stored history need not be like that: the Python package stores calls and results in two transactions, two tabs may
// write at once, and any block may stand in any message.

/** A result, with the call that it answers. */
export interface AnsweredCall {
  readonly call: ToolUseBlock;
  readonly result: ToolResultBlock;
}

/** A message without tool results, whose calls all have one, and these results in the order of their arrival. */
export interface Turn {
  readonly role: Role;
  readonly content: readonly Exclude<ContentBlock, ToolResultBlock>[];
  readonly answers: readonly AnsweredCall[];
}

/**
 * Puts every tool result beside the message that called. A result belongs to the latest call before it with its id
 * (some models count their calls from 0 in every turn), and a call takes one result. Leaves out calls without a result,
 * results without a call, and messages of which nothing remains.
 */
export function pairToolCalls(history: readonly Message[]): Turn[] {
  const answersOf = history.map((): AnsweredCall[] => []);
  const answered = history.map(() => new Set<number>());
  const open = new Map<string, { readonly call: ToolUseBlock; readonly message: number; readonly block: number }>();
  for (const [message, { role, content }] of history.entries()) {
    for (const [block, value] of content.entries()) {
      if (value.type === "tool_use" && role === "assistant") open.set(value.id, { call: value, message, block });
      if (value.type !== "tool_result") continue;
      const caller = open.get(value.tool_use_id);
      if (!caller) continue;
      open.delete(value.tool_use_id);
      answered[caller.message]?.add(caller.block);
      answersOf[caller.message]?.push({ call: caller.call, result: value });
    }
  }
  return history
    .map(({ role, content }, message): Turn => {
      const isKept = (block: ContentBlock, at: number): block is Exclude<ContentBlock, ToolResultBlock> =>
        block.type === "tool_use" ? answered[message]?.has(at) === true : block.type !== "tool_result";
      return { role, content: content.filter(isKept), answers: answersOf[message] ?? [] };
    })
    .filter((turn) => turn.content.length > 0);
}
