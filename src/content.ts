import { ContextStoreError, type ErrorCode } from "./errors.js";
import type { ContentBlock, ImageBlock, JsonObject, JsonValue, Message, TextBlock } from "./messages.js";

// What a message may hold, checked once for everything that goes into a store and everything that comes out of one.
// Blocks are rebuilt with exactly the stored fields in the stored order (CONTRACT: key order, unknown keys dropped).

const ROLES: readonly string[] = ["user", "assistant", "system"];
const MEDIA_TYPES: readonly string[] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/** Checks a message that a caller hands in. Gives a copy that shares nothing with it. */
export function checkMessage(message: Message): Message {
  return guarded(() => {
    if (!isRecord(message)) fail("a message is an object with a role and a content");
    const { role, content } = message;
    if (!ROLES.includes(role)) fail(`the role is ${show(role)}; use "user", "assistant" or "system"`);
    return { role, content: checkContent(content) };
  });
}

/** Checks the blocks of a message that a caller hands in. */
export function checkContent(content: unknown): ContentBlock[] {
  return guarded(() => readContent(content, "invalid-message", jsonObject, (bytes) => new Uint8Array(bytes)));
}

/**
 * Checks blocks that were read from a database. More lenient than {@link checkContent} in what a tool's input is,
 * since the Python package stores any JSON there.
 */
export function readStoredContent(content: unknown): ContentBlock[] {
  return readContent(
    content,
    "corrupt",
    (input) => input as JsonObject,
    (bytes) => bytes,
  );
}

function readContent(
  content: unknown,
  code: ErrorCode,
  readInput: (input: unknown) => JsonObject,
  readBytes: (bytes: Uint8Array) => Uint8Array,
): ContentBlock[] {
  if (!Array.isArray(content)) fail(`the content is ${show(content)}, not an array of blocks`, code);
  return Array.from(content, (block: unknown): ContentBlock => {
    if (!isRecord(block)) fail(`a block is ${show(block)}, not an object`, code);
    switch (block["type"]) {
      case "text":
      case "image":
        return readSimpleBlock(block, code, readBytes);
      case "tool_use":
        return {
          type: "tool_use",
          id: string(block, "id", code),
          name: string(block, "name", code),
          input: readInput(block["input"]),
        };
      case "tool_result": {
        const { content: result, is_error } = block;
        if (typeof is_error !== "boolean")
          fail(`is_error of a tool_result is ${show(is_error)}; it must be true or false`, code);
        if (typeof result !== "string" && !Array.isArray(result)) {
          fail(
            `the content of a tool_result is ${show(result)}; it must be a string or an array of text and image blocks`,
            code,
          );
        }
        return {
          type: "tool_result",
          tool_use_id: string(block, "tool_use_id", code),
          content:
            typeof result === "string"
              ? result
              : Array.from(result, (inner: unknown) => readSimpleBlock(inner, code, readBytes)),
          is_error,
        };
      }
      default:
        return fail(
          `the block type ${show(block["type"])} is unknown; use "text", "image", "tool_use" or "tool_result"`,
          code,
        );
    }
  });
}

function readSimpleBlock(
  block: unknown,
  code: ErrorCode,
  readBytes: (bytes: Uint8Array) => Uint8Array,
): TextBlock | ImageBlock {
  if (!isRecord(block)) fail(`a block is ${show(block)}, not an object`, code);
  if (block["type"] === "text") return { type: "text", text: string(block, "text", code) };
  if (block["type"] !== "image")
    fail(`the block type ${show(block["type"])} is unknown here; use "text" or "image"`, code);
  const { media_type, data } = block;
  if (!MEDIA_TYPES.includes(media_type as string)) {
    fail(`the media_type of an image is ${show(media_type)}; use one of ${MEDIA_TYPES.join(", ")}`, code);
  }
  if (!(data instanceof Uint8Array)) fail("the data of an image must be a Uint8Array", code);
  return { type: "image", media_type: media_type as ImageBlock["media_type"], data: readBytes(data) };
}

/** What a getter or a proxy of the caller's throws, and a detached buffer. */
function guarded<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ContextStoreError) throw cause;
    return fail("reading it failed", "invalid-message", cause);
  }
}

/** Python's reader gives up at 1000 levels, a message's own included. */
const MAX_DEPTH = 900;

/** Checks that a tool's input or a message's metadata is an object that JSON holds without loss; gives a deep copy. */
export function jsonObject(value: unknown): JsonObject {
  const copy = guarded(() => jsonCopy(value, 0));
  if (typeof copy !== "object" || copy === null || Array.isArray(copy))
    fail("a tool's input and metadata must be plain JSON objects");
  return copy as JsonObject;
}

function jsonCopy(value: unknown, depth: number): JsonValue {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object") fail(`JSON cannot hold ${show(value)}, which stands in a tool's input or in metadata`);
  if (depth > MAX_DEPTH) fail(`a tool's input or metadata contains itself, or is deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => jsonCopy(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    fail(`JSON cannot hold ${show(value)}; use plain objects`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonCopy(item, depth + 1)]));
}

function string(block: Record<string, unknown>, key: string, code: ErrorCode): string {
  const value = block[key];
  if (typeof value !== "string")
    fail(`${key} of a ${String(block["type"])} block is ${show(value)}; it must be a string`, code);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value.slice(0, 40))
    : Object.prototype.toString.call(value).slice(8, -1).toLowerCase();
}

function fail(what: string, code: ErrorCode = "invalid-message", cause?: unknown): never {
  throw new ContextStoreError(code, code === "corrupt" ? what : `This message cannot be stored: ${what}.`, { cause });
}
