import { isPlain } from "./arguments.js";
import { ContextStoreError } from "./errors.js";
import type { ContentBlock, ImageBlock, JsonObject, JsonValue, Message, Role, TextBlock } from "./messages.js";

// What a message may hold, checked once for everything that goes into a store and everything that comes out of one.
// Blocks are rebuilt with exactly the stored fields in the stored order, as the Python package does; other keys go.

export const ROLES: readonly Role[] = ["user", "assistant", "system"];
const MEDIA_TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp"] as const;

/** Python's reader gives up at 1000 levels, a message's own included. */
const MAX_DEPTH = 900;

/** So much of the way to what does not fit is told. */
const MAX_PLACE = 200;

/** What is wrong with a message, and where in it. */
class Unfit extends Error {
  place = "";
}

/** Checks a message that a caller hands in, one of several where it has a number. Gives a copy that shares nothing with it. */
export function checkMessage(message: Message, number?: number): Message {
  return guarded(number === undefined ? "This message" : `Message ${number} of those given`, () => {
    if (!isRecord(message)) fail("a message is an object with a role and a content");
    const { role, content } = message;
    if (!ROLES.includes(role)) fail(`the role is ${show(role)}; use "user", "assistant" or "system"`);
    return { role, content: readContent(content, jsonObject, copyOf) };
  });
}

/** Checks the blocks of a message that a caller hands in. */
export function checkContent(content: unknown): ContentBlock[] {
  return guarded("This message", () => readContent(content, jsonObject, copyOf));
}

/** Checks the metadata of a message that a caller hands in. Gives a deep copy. */
export function checkMetadata(metadata: unknown): JsonObject {
  return guarded("This message", () => within("metadata", () => jsonObject(metadata)));
}

/**
 * Checks blocks that were read from a database. More lenient than {@link checkContent} in what a tool's input is,
 * since the Python package stores any JSON there.
 */
export function readStoredContent(content: unknown): ContentBlock[] {
  return guarded(undefined, () =>
    readContent(
      content,
      (input) => input as JsonObject,
      (bytes) => bytes,
    ),
  );
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function readContent(
  content: unknown,
  readInput: (input: unknown) => JsonObject,
  readBytes: (bytes: Uint8Array) => Uint8Array,
): ContentBlock[] {
  if (!Array.isArray(content)) fail(`the content is ${show(content)}, not an array of blocks`);
  const readBlock = (block: unknown): ContentBlock => {
    if (!isRecord(block)) fail(`a block is ${show(block)}, not an object`);
    switch (block["type"]) {
      case "text":
      case "image":
        return readSimpleBlock(block, readBytes);
      case "tool_use":
        return {
          type: "tool_use",
          id: string(block, "id"),
          name: string(block, "name"),
          input: within(", input", () => readInput(block["input"])),
        };
      case "tool_result": {
        const { content: result, is_error } = block;
        if (typeof is_error !== "boolean")
          fail(`is_error of a tool_result is ${show(is_error)}; it must be true or false`);
        if (typeof result !== "string" && !Array.isArray(result)) {
          fail(
            `the content of a tool_result is ${show(result)}; it must be a string or an array of text and image blocks`,
          );
        }
        const readInner = (inner: unknown, place: number) =>
          within(`, content[${place}]`, () => readSimpleBlock(inner, readBytes));
        return {
          type: "tool_result",
          tool_use_id: string(block, "tool_use_id"),
          content: typeof result === "string" ? result : Array.from(result, readInner),
          is_error,
        };
      }
      default:
        return fail(
          `the block type ${show(block["type"])} is unknown; use "text", "image", "tool_use" or "tool_result"`,
        );
    }
  };
  return Array.from(content, (block: unknown, place) => within(`block ${place}`, () => readBlock(block)));
}

function readSimpleBlock(block: unknown, readBytes: (bytes: Uint8Array) => Uint8Array): TextBlock | ImageBlock {
  if (!isRecord(block)) fail(`a block is ${show(block)}, not an object`);
  if (block["type"] === "text") return { type: "text", text: string(block, "text") };
  if (block["type"] !== "image") fail(`the block type ${show(block["type"])} is unknown here; use "text" or "image"`);
  const { media_type, data } = block;
  if (!isMediaType(media_type)) {
    fail(`the media_type of an image is ${show(media_type)}; use one of ${MEDIA_TYPES.join(", ")}`);
  }
  if (!(data instanceof Uint8Array)) fail(`the data of an image is ${show(data)}; it must be a Uint8Array`);
  return { type: "image", media_type, data: readBytes(data) };
}

/** An object that JSON holds without loss, as a deep copy. */
function jsonObject(value: unknown): JsonObject {
  if (!isRecord(value)) fail(`${show(value)} is no plain object`);
  return jsonCopy(value, 0) as JsonObject;
}

// Without a closure for each of what may be hundreds of thousands of items, or further frames for each of 900 levels.
function jsonCopy(value: unknown, depth: number): JsonValue {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object") fail(`JSON cannot hold ${show(value)}`);
  if (depth >= MAX_DEPTH) fail(`it contains itself, or is deeper than ${MAX_DEPTH} levels`);
  let at: number | string | undefined;
  try {
    if (Array.isArray(value)) {
      const list: JsonValue[] = [];
      for (at = 0; at < value.length; at++) list.push(jsonCopy(value[at], depth + 1));
      return list;
    }
    if (!isPlain(value)) fail(`JSON cannot hold ${show(value)}; use plain objects`);
    const entries = Object.entries(value) as [string, unknown][];
    for (const entry of entries) {
      at = entry[0];
      entry[1] = jsonCopy(entry[1], depth + 1);
    }
    return Object.fromEntries(entries) as JsonObject;
  } catch (error) {
    if (at === undefined) throw error;
    throw placed(error, typeof at === "number" ? `[${at}]` : `.${at}`);
  }
}

function string(block: Record<string, unknown>, key: string): string {
  const value = block[key];
  if (typeof value !== "string")
    fail(`${key} of a ${String(block["type"])} block is ${show(value)}; it must be a string`);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isMediaType(value: unknown): value is ImageBlock["media_type"] {
  return (MEDIA_TYPES as readonly unknown[]).includes(value);
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`;
  if (typeof value !== "object" || value === null) return String(value);
  return `an object (${Object.prototype.toString.call(value).slice(8, -1)})`;
}

function fail(what: string): never {
  throw new Unfit(what);
}

/** What does not fit lies in this part. */
function within<Value>(step: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw placed(error, step);
  }
}

function placed(error: unknown, step: string): unknown {
  if (error instanceof Unfit && error.place.length < MAX_PLACE) error.place = step + error.place;
  return error;
}

/** Says that what it is of cannot be stored, or, of nothing, that what is stored is damaged. */
function guarded<Value>(subject: string | undefined, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    // What a getter or a proxy of the caller's throws, and a detached buffer, is no fault of ours.
    const [what, place, cause] =
      error instanceof Unfit ? [error.message, error.place, undefined] : ["reading it failed", "", error];
    const found = place ? `${place}: ${what}` : what;
    if (subject === undefined) throw new ContextStoreError("corrupt", found, { cause });
    throw new ContextStoreError("invalid-message", `${subject} cannot be stored: ${found}.`, { cause });
  }
}
