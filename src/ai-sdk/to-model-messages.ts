import type { AssistantContent, FilePart, ModelMessage, TextPart, ToolResultPart } from "ai";
import type { ContentBlock, ImageBlock, Message, TextBlock, ToolResultBlock } from "../messages.js";
import { type AnsweredCall, pairToolCalls, type Turn } from "./tool-calls.js";

type ToolOutput = ToolResultPart["output"];

/**
 * A stored history as the AI SDK sends it to a model.
 *
 * Tool results stand in `user` messages in the store. Here they become one `tool` message directly behind the assistant
 * message that called, wherever in the history they lay; what else their messages hold keeps its place. A tool call that
 * has no result is left out, since providers refuse such a history, and so is a result that has no call; a message of
 * which nothing remains, or nothing but empty texts, is left out too.
 *
 * A system message's texts are joined with line breaks, because the SDK's has one. So are those of a failed tool result
 * (`is_error`) that is a list of blocks; the SDK's error results hold no pictures, so its images are left out.
 */
export function toModelMessages(history: readonly Message[]): ModelMessage[] {
  return pairToolCalls(history).flatMap((turn): ModelMessage[] => {
    const message = toModelMessage(turn);
    if (turn.answers.length > 0) return [message, { role: "tool", content: turn.answers.map(toToolResult) }];
    return isEmpty(message) ? [] : [message];
  });
}

/** Whether nothing would be left of it: the SDK leaves out empty texts, and sends the rest. */
function isEmpty({ content }: ModelMessage): boolean {
  return typeof content === "string"
    ? content === ""
    : content.every((part) => part.type === "text" && part.text === "");
}

function toModelMessage({ role, content }: Turn): ModelMessage {
  switch (role) {
    case "system":
      return { role, content: joinTexts(content) };
    case "assistant":
      return { role, content: content.map(toAssistantPart) };
    default:
      return { role: "user", content: content.filter((block) => block.type !== "tool_use").map(toPart) };
  }
}

function toAssistantPart(block: Turn["content"][number]): Exclude<AssistantContent, string>[number] {
  if (block.type !== "tool_use") return toPart(block);
  return { type: "tool-call", toolCallId: block.id, toolName: block.name, input: block.input };
}

function toPart(block: TextBlock | ImageBlock): TextPart | FilePart {
  if (block.type === "text") return { type: "text", text: block.text };
  return { type: "file", mediaType: block.media_type, data: block.data };
}

function toToolResult({ call, result }: AnsweredCall): ToolResultPart {
  return { type: "tool-result", toolCallId: call.id, toolName: call.name, output: toOutput(result) };
}

function toOutput({ content, is_error }: ToolResultBlock): ToolOutput {
  if (is_error) return { type: "error-text", value: typeof content === "string" ? content : joinTexts(content) };
  if (typeof content === "string") return { type: "text", value: content };
  return {
    type: "content",
    value: content.map((block) =>
      block.type === "text"
        ? { type: "text", text: block.text }
        : { type: "file", mediaType: block.media_type, data: { type: "data", data: block.data } },
    ),
  };
}

function joinTexts(content: readonly ContentBlock[]): string {
  return content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
}
