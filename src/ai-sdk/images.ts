import { ContextStoreError } from "../errors.js";
import type { ImageBlock } from "../messages.js";

// The first bytes of the four formats; `undefined` stands for any byte (in WebP: the length of the file).
const SIGNATURES: Readonly<Record<ImageBlock["media_type"], readonly (number | undefined)[]>> = {
  "image/jpeg": [0xff, 0xd8, 0xff],
  "image/png": [0x89, 0x50, 0x4e, 0x47],
  "image/gif": [0x47, 0x49, 0x46, 0x38],
  "image/webp": [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50],
};

/**
 * A file of the AI SDK as a block, or nothing if the file format cannot hold it: another kind of file, or one that is
 * elsewhere (a URL, a file at the provider). The SDK allows an image to come without its exact type; the bytes tell it.
 *
 * `content` is `unknown` because the SDK's type names Node's `Buffer`, which makes it `any` where only the DOM is known.
 */
export function toImageBlock(content: unknown, mediaType: string | undefined): ImageBlock | undefined {
  const source = unwrap(content);
  const url = typeof source === "string" ? /^data:([^;,]*)[^,]*;base64,(.*)$/is.exec(source) : null;
  const type = (url?.[1] || mediaType)?.toLowerCase();
  if (type !== undefined && !type.startsWith("image")) return undefined;
  const data = bytesOf(url?.[2] ?? source);
  const known = data && (isKnown(type) ? type : detect(data));
  return known && { type: "image", media_type: known, data };
}

/** The bytes, base64 or URL inside the SDK's several shapes. */
function unwrap(content: unknown): unknown {
  if (isA("URL", content)) return (content as URL).href;
  if (typeof content !== "object" || content === null || !("type" in content)) return content;
  if (content.type === "data" && "data" in content) return content.data;
  return content.type === "url" && "url" in content ? unwrap(content.url) : undefined;
}

function bytesOf(source: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (isA("ArrayBuffer", source)) return new Uint8Array(source as ArrayBuffer);
  // Base64 has no colon; a URL always has one.
  return typeof source === "string" && !source.includes(":") ? decode(source) : undefined;
}

/** Also of another realm, such as a frame's. */
function isA(type: string, value: unknown): boolean {
  return Object.prototype.toString.call(value) === `[object ${type}]`;
}

function decode(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  } catch (cause) {
    throw new ContextStoreError(
      "invalid-message",
      "The data of an image is neither base64 nor a URL; hand in the bytes, or base64 of them.",
      { cause },
    );
  }
}

function isKnown(type: string | undefined): type is ImageBlock["media_type"] {
  return type !== undefined && Object.hasOwn(SIGNATURES, type);
}

function detect(data: Uint8Array): ImageBlock["media_type"] | undefined {
  return Object.keys(SIGNATURES)
    .filter(isKnown)
    .find((type) => SIGNATURES[type].every((byte, at) => byte === undefined || byte === data[at]));
}
