import type { AssistantContent, ModelMessage, ToolResultPart } from "ai";
import { ContextStoreError } from "../errors.js";
import type {
  ContentBlock,
  ImageBlock,
  JsonObject,
  Message,
  TextBlock,
  ToolResultBlock,
  ToolUseBlock,
} from "../messages.js";
import { toImageBlock } from "./images.js";

type AssistantPart = Exclude<AssistantContent, string>[number];
type ModelPart = Exclude<ModelMessage["content"], string>[number];
type ToolOutput = ToolResultPart["output"];

/**
 * Messages of the AI SDK as blocks that a store keeps: the reverse of `toModelMessages`.
 *
 * - A `tool` message becomes one `user` message of `tool_result` blocks. `is_error` is set for `error-text`,
 *   `error-json` and `execution-denied`. JSON outputs are stored as their text.
 * - A result that the provider itself computed stands inside the assistant's message; the message is parted there, so
 *   that the result follows its call. Calls that are still to be answered go into the last part.
 * - A tool's input must be a JSON object: anything else is stored as `{ input: value }`.
 * - Files that are JPEG, PNG, GIF or WebP images become image blocks. Other files, files that are only a URL, reasoning,
 *   approvals and `providerOptions` cannot be held by the file format and are left out, and so is a message of which
 *   nothing remains. Calls without a result are kept.
 *
 * `fromModelMessages(toModelMessages(history))` equals `history` if every call has one result, results stand alone in
 * `user` messages directly behind the message that called (several such messages become one), failed results are plain
 * text, a system message is one text that is not empty, tool inputs are objects, and no message is empty.
 *
 * Throws `invalid-message` for an image that is not base64, and for a tool's input that JSON cannot hold.
 */
export function fromModelMessages(messages: readonly ModelMessage[]): Message[] {
  return messages.flatMap(fromModelMessage).filter((message) => message.content.length > 0);
}

function fromModelMessage({ role, content }: ModelMessage): Message[] {
  if (typeof content === "string") {
    if (role === "assistant" && content === "") return [];
    return [{ role: role === "tool" ? "user" : role, content: [{ type: "text", text: content }] }];
  }
  if (role === "assistant") return fromAssistant(content);
  return [{ role: "user", content: content.flatMap(toBlocks) }];
}

function fromAssistant(parts: readonly AssistantPart[]): Message[] {
  const lastResult = parts.findLastIndex((part) => part.type === "tool-result");
  const answeredHere = new Set(parts.flatMap((part) => (part.type === "tool-result" ? [part.toolCallId] : [])));
  const messages: Message[] = [];
  const waiting: ContentBlock[] = [];
  let blocks: ContentBlock[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.type === "tool-result") {
      messages.push({ role: "assistant", content: blocks }, { role: "user", content: [toToolResult(part)] });
      blocks = index === lastResult ? waiting : [];
    } else if (part.type === "tool-call" && index < lastResult && !answeredHere.has(part.toolCallId)) {
      waiting.push(...toBlocks(part));
    } else {
      blocks.push(...toBlocks(part));
    }
  }
  return [...messages, { role: "assistant", content: blocks }];
}

function toBlocks(part: ModelPart): ContentBlock[] {
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }];
    case "image":
      return optional(toImageBlock(part.image, part.mediaType));
    case "file":
      return optional(toImageBlock(part.data, part.mediaType));
    case "tool-call":
      return [toToolUse(part.toolCallId, part.toolName, part.input)];
    case "tool-result":
      return [toToolResult(part)];
    default:
      return [];
  }
}

function toToolUse(id: string, name: string, input: unknown): ToolUseBlock {
  // What a schema made of the input (dates, absent fields) need not be JSON.
  const value = input === undefined ? {} : (JSON.parse(stringify(input, name)) as unknown);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return { type: "tool_use", id, name, input: (isObject ? value : { input: value }) as JsonObject };
}

function toToolResult({ toolCallId, toolName, output }: ToolResultPart): ToolResultBlock {
  const is_error = output.type.startsWith("error") || output.type === "execution-denied";
  return { type: "tool_result", tool_use_id: toolCallId, content: toResultContent(output, toolName), is_error };
}

function toResultContent(output: ToolOutput, toolName: string): ToolResultBlock["content"] {
  switch (output.type) {
    case "text":
    case "error-text":
      return output.value;
    case "execution-denied":
      return output.reason ?? "Tool call execution denied.";
    case "content":
      return output.value.flatMap((part): (TextBlock | ImageBlock)[] => {
        if (part.type === "text") return [{ type: "text", text: part.text }];
        if (part.type !== "file" && part.type !== "file-data" && part.type !== "image-data") return [];
        return optional(toImageBlock(part.data, part.mediaType));
      });
    default:
      return stringify(output.value, toolName);
  }
}

function stringify(value: unknown, toolName: string): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (cause) {
    throw new ContextStoreError(
      "invalid-message",
      `JSON cannot hold what was passed to or returned by the tool ${JSON.stringify(toolName)}; use plain JSON values.`,
      { cause },
    );
  }
}

function optional<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}
