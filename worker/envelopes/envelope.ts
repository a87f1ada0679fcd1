import { gzipSync } from "fflate";
import { decodeBase64, encodeBase64 } from "./base64.js";
import { gunzip } from "./gunzip.js";

// How a message's JSON lies in the content column: "plain:" and the text, or, from 512 UTF-8 bytes on, "gzip:" and the
// base64 of a gzip file. Rows from before the envelope hold the bare JSON.

export const PLAIN = "plain:";
export const GZIP = "gzip:";
const GZIP_FROM_BYTES = 512;

/** The largest content that is written or read, in bytes of UTF-8 and in bytes of gzip: 256 MiB. */
export const MAX_CONTENT_BYTES: number = 256 * 1024 * 1024;

/** A content that cannot be stored or read. The message says in a few words what is wrong with it. */
export class EnvelopeError extends Error {
  override readonly name = "EnvelopeError" as const;
}

const encoder = new TextEncoder();
// A BOM is part of the text: it is for the reader of the JSON to refuse.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const belowThreshold = new Uint8Array(GZIP_FROM_BYTES - 1);

/**
 * Puts the JSON of a message's content into its stored form. The same text always gives the same string.
 *
 * @throws EnvelopeError when it is larger than {@link MAX_CONTENT_BYTES}.
 */
export function seal(json: string): string {
  if (staysPlain(json)) return PLAIN + json;
  if (json.length > MAX_CONTENT_BYTES) throw tooLarge();
  const bytes = encoder.encode(json);
  if (bytes.length > MAX_CONTENT_BYTES) throw tooLarge();
  // fflate's hash table is then 8 or 64 KB; its own choice for 1 MB takes 2 MB and is no faster.
  const mem = bytes.length < 4096 ? 0 : 3;
  return GZIP + encodeBase64(gzipSync(bytes, { level: 6, mem, mtime: 0 }));
}

function staysPlain(json: string): boolean {
  // One UTF-16 unit takes one to three bytes.
  if (json.length * 3 < GZIP_FROM_BYTES) return true;
  return json.length < GZIP_FROM_BYTES && encoder.encodeInto(json, belowThreshold).read === json.length;
}

/**
 * The JSON text of a stored content. The JSON itself is not looked at.
 *
 * @throws EnvelopeError when the content is not text, is damaged, or is larger than {@link MAX_CONTENT_BYTES}.
 */
export function unseal(stored: unknown): string {
  if (typeof stored !== "string") throw new EnvelopeError("the content is not text");
  if (stored.startsWith(PLAIN)) return stored.slice(PLAIN.length);
  if (!stored.startsWith(GZIP)) return stored;
  const base64 = stored.slice(GZIP.length);
  if ((base64.length / 4) * 3 > MAX_CONTENT_BYTES) throw tooLarge();
  const bytes = attempt(() => gunzip(decodeBase64(base64), MAX_CONTENT_BYTES));
  return attempt(() => decoder.decode(bytes), "the text is not UTF-8");
}

function attempt<T>(work: () => T, problem?: string): T {
  try {
    return work();
  } catch (cause) {
    throw new EnvelopeError(problem ?? (cause as Error).message, { cause });
  }
}

function tooLarge(): EnvelopeError {
  return new EnvelopeError(`the content is larger than ${MAX_CONTENT_BYTES} bytes`);
}
