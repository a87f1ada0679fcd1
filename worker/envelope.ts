import { gzipSync } from "fflate";
import { decodeBase64, encodeBase64 } from "./base64.js";

// How a message's JSON lies in the content column: "plain:" and the text, or, from 512 UTF-8 bytes on, "gzip:" and the
// base64 of a gzip file. Rows from before the envelope hold the bare JSON.

const PLAIN = "plain:";
const GZIP = "gzip:";
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
  const bytes = gunzip(attempt(() => decodeBase64(base64)));
  return attempt(() => decoder.decode(bytes), "the text is not UTF-8");
}

/** Lets the engine compile what {@link seal} and {@link unseal} run, for the time in which the worker waits anyway. */
export function warm(): void {
  const block = { type: "text", text: "The quick brown fox jumps over the lazy dog." };
  const json = JSON.stringify(Array.from({ length: 15 }, (_, id) => ({ id, ...block })));
  for (let round = 0; round < 24; round++) unseal(seal(json));
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

function damaged(): EnvelopeError {
  return new EnvelopeError("the gzip data is damaged");
}

function truncated(): EnvelopeError {
  return new EnvelopeError("the gzip data ends too early");
}

// --- gzip (https://www.rfc-editor.org/rfc/rfc1952), read as Python's gzip.decompress reads it ---

const HAS_HEADER_CRC = 2;
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;
const TRAILER_BYTES = 8;

function gunzip(data: Uint8Array): Uint8Array {
  const members: Uint8Array[] = [];
  let length = 0;
  let at = 0;
  while (at < data.length) {
    const { bytes, end } = readMember(data, at, MAX_CONTENT_BYTES - length);
    members.push(bytes);
    length += bytes.length;
    at = end;
    while (data[at] === 0) at++;
  }
  return members.length === 1 ? members[0]! : concatenate(members, length);
}

function concatenate(members: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const bytes of members) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}

function readMember(data: Uint8Array, start: number, room: number): { bytes: Uint8Array; end: number } {
  const from = skipHeader(data, start);
  // The size that the last four bytes claim is a hint and no more: anyone can write it there, and zeros or another member
  // may follow. A stream that turns out larger is counted to its end, and then what it really holds is allocated.
  const claim = readUint32(data, Math.max(from, data.length - 4));
  const hint = start > 0 || claim > room ? 0 : Math.min(claim, 65_536 + 32 * data.length);
  let out = new Uint8Array(hint);
  const { length, end } = inflate(data, from, out, room);
  if (end + TRAILER_BYTES > data.length) throw truncated();
  if (readUint32(data, end + 4) !== length) throw new EnvelopeError("the gzip length does not match");
  if (length > hint) inflate(data, from, (out = new Uint8Array(length)), room);
  const bytes = out.subarray(0, length);
  if (readUint32(data, end) !== crc32(bytes)) throw new EnvelopeError("the gzip checksum does not match");
  return { bytes, end: end + TRAILER_BYTES };
}

function skipHeader(data: Uint8Array, start: number): number {
  if (data[start] !== 0x1f || data[start + 1] !== 0x8b) throw new EnvelopeError("the data is not gzip");
  if (start + 10 > data.length) throw truncated();
  if (data[start + 2] !== 8) throw new EnvelopeError("the gzip compression method is unknown");
  const flags = data[start + 3]!;
  let at = start + 10;
  if (flags & HAS_EXTRA) at += 2 + (data[at]! | (data[at + 1]! << 8));
  if (flags & HAS_NAME) at = skipString(data, at);
  if (flags & HAS_COMMENT) at = skipString(data, at);
  if (flags & HAS_HEADER_CRC) at += 2;
  if (at >= data.length) throw truncated();
  return at;
}

function skipString(data: Uint8Array, start: number): number {
  const zero = data.indexOf(0, start);
  return zero === -1 ? data.length : zero + 1;
}

function readUint32(data: Uint8Array, at: number): number {
  return (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
}

const CRC_TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let at = 0; at < bytes.length; at++) crc = CRC_TABLE[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

// --- deflate (https://www.rfc-editor.org/rfc/rfc1951), accepting what zlib accepts ---
//
// Not fflate's, which tells neither where a stream ends, so that further members and garbage behind it stay unseen, nor
// how large it becomes before the memory is taken.

interface Stream {
  readonly data: Uint8Array;
  readonly out: Uint8Array;
  readonly room: number;
  bit: number;
  length: number;
}

/** A prefix code: `table[next bits & mask]` is symbol * 16 + its number of bits, or 0 where no symbol has this code. */
interface Codes {
  readonly table: Uint16Array;
  mask: number;
}

// [smallest value, extra bits] as value * 16 + bits, by symbol.
const LENGTHS: Int32Array = baseValues(3, 29, (index) => (index < 4 ? 0 : (index >> 2) - 1));
LENGTHS[28] = 258 * 16;
const DISTANCES: Int32Array = baseValues(1, 30, (index) => (index < 2 ? 0 : (index >> 1) - 1));
const LENGTH_ORDER: readonly number[] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const REPEATS: readonly (readonly [least: number, extraBits: number])[] = [
  [3, 2],
  [3, 3],
  [11, 7],
];

const FIXED_LITERALS: Codes = { table: new Uint16Array(1 << 9), mask: 0 };
const FIXED_DISTANCES: Codes = { table: new Uint16Array(1 << 5), mask: 0 };
// Of each block in turn: nothing is allocated per block.
const literals: Codes = { table: new Uint16Array(1 << 15), mask: 0 };
const distances: Codes = { table: new Uint16Array(1 << 15), mask: 0 };
const lengthCodes: Codes = { table: new Uint16Array(1 << 7), mask: 0 };
const lengths = new Uint8Array(286 + 30);

buildCodes(FIXED_LITERALS, new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280), 286);
buildCodes(FIXED_DISTANCES, new Uint8Array(32).fill(5), 30);

function baseValues(first: number, count: number, extraBits: (index: number) => number): Int32Array {
  let value = first;
  return Int32Array.from({ length: count }, (_, index) => {
    const bits = extraBits(index);
    const entry = value * 16 + bits;
    value += 1 << bits;
    return entry;
  });
}

/**
 * Writes the stream that begins at byte `from` into `out`; what no longer fits there is counted only. Gives its length,
 * which may not exceed `room`, and the byte behind its end.
 */
function inflate(data: Uint8Array, from: number, out: Uint8Array, room: number): { length: number; end: number } {
  const stream: Stream = { data, out, room, bit: from * 8, length: 0 };
  let last = 0;
  while (last === 0) {
    last = takeBits(stream, 1);
    const type = takeBits(stream, 2);
    if (type === 0) copyStored(stream);
    else if (type === 1) inflateBlock(stream, FIXED_LITERALS, FIXED_DISTANCES);
    else if (type === 2) {
      readCodes(stream);
      inflateBlock(stream, literals, distances);
    } else throw damaged();
    if (stream.length > room) throw tooLarge();
  }
  return { length: stream.length, end: Math.ceil(stream.bit / 8) };
}

function inflateBlock(
  stream: Stream,
  { table: literalTable, mask: literalMask }: Codes,
  { table: distanceTable, mask: distanceMask }: Codes,
): void {
  const { data, out, room } = stream;
  const endBit = data.length * 8;
  let { bit, length } = stream;
  for (;;) {
    const entry = literalTable[peek(data, bit) & literalMask]!;
    if (entry === 0) throw damaged();
    bit += entry & 15;
    if (bit > endBit) throw truncated();
    const symbol = entry >> 4;
    if (symbol < 256) {
      if (length < out.length) out[length] = symbol;
      length++;
      continue;
    }
    if (symbol === 256) break;
    const size = LENGTHS[symbol - 257]!;
    const end = length + (size >> 4) + (peek(data, bit) & ((1 << (size & 15)) - 1));
    bit += size & 15;
    const distanceEntry = distanceTable[peek(data, bit) & distanceMask]!;
    if (distanceEntry === 0) throw damaged();
    bit += distanceEntry & 15;
    const reach = DISTANCES[distanceEntry >> 4]!;
    const distance = (reach >> 4) + (peek(data, bit) & ((1 << (reach & 15)) - 1));
    bit += reach & 15;
    if (distance > length) throw damaged();
    if (end > room) throw tooLarge();
    if (end <= out.length) for (; length < end; length++) out[length] = out[length - distance]!;
    length = end;
  }
  stream.bit = bit;
  stream.length = length;
}

function copyStored(stream: Stream): void {
  const { data, out } = stream;
  const from = Math.ceil(stream.bit / 8) + 4;
  if (from > data.length) throw truncated();
  const size = data[from - 4]! | (data[from - 3]! << 8);
  if ((size ^ (data[from - 2]! | (data[from - 1]! << 8))) !== 0xffff) throw damaged();
  if (from + size > data.length) throw truncated();
  if (stream.length + size <= out.length) out.set(data.subarray(from, from + size), stream.length);
  stream.length += size;
  stream.bit = (from + size) * 8;
}

function readCodes(stream: Stream): void {
  const literalCount = takeBits(stream, 5) + 257;
  const distanceCount = takeBits(stream, 5) + 1;
  const orderCount = takeBits(stream, 4) + 4;
  if (literalCount > 286 || distanceCount > 30) throw damaged();
  lengths.fill(0, 0, 19);
  for (let index = 0; index < orderCount; index++) lengths[LENGTH_ORDER[index]!] = takeBits(stream, 3);
  buildCodes(lengthCodes, lengths.subarray(0, 19), 19);

  const count = literalCount + distanceCount;
  for (let index = 0; index < count;) {
    const entry = lengthCodes.table[peek(stream.data, stream.bit) & lengthCodes.mask]!;
    if (entry === 0) throw damaged();
    stream.bit += entry & 15;
    const symbol = entry >> 4;
    if (symbol < 16) {
      lengths[index++] = symbol;
      continue;
    }
    if (symbol === 16 && index === 0) throw damaged();
    const [least, bits] = REPEATS[symbol - 16]!;
    const end = index + least + takeBits(stream, bits);
    if (end > count) throw damaged();
    lengths.fill(symbol === 16 ? lengths[index - 1]! : 0, index, end);
    index = end;
  }
  if (lengths[256] === 0) throw damaged();
  buildCodes(literals, lengths.subarray(0, literalCount), literalCount);
  buildCodes(distances, lengths.subarray(literalCount, count), distanceCount);
}

/** Fills `codes` with the canonical prefix code of these lengths; symbols from `usable` on have a code but no meaning. */
function buildCodes(codes: Codes, lengths: Uint8Array, usable: number): void {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  const next = new Uint16Array(17);
  let free = 1;
  let longest = 0;
  for (let length = 1; length < 16; length++) {
    free = free * 2 - counts[length]!;
    if (free < 0) throw damaged();
    if (counts[length]! > 0) longest = length;
    next[length + 1] = (next[length]! + counts[length]!) << 1;
  }
  // A lone code is one bit long, and the other bit is no code.
  if (free > 0 && longest > 1) throw damaged();
  const { table } = codes;
  codes.mask = (1 << longest) - 1;
  table.fill(0, 0, codes.mask + 1);
  for (let symbol = 0; symbol < usable; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    const step = 1 << length;
    for (let index = reverse(next[length]!++, length); index <= codes.mask; index += step) {
      table[index] = (symbol << 4) | length;
    }
  }
}

function reverse(code: number, length: number): number {
  let bits = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
  bits = ((bits & 0x3333) << 2) | ((bits >> 2) & 0x3333);
  bits = ((bits & 0x0f0f) << 4) | ((bits >> 4) & 0x0f0f);
  return (((bits & 0xff) << 8) | (bits >> 8)) >> (16 - length);
}

/** At least the next 17 bits. Behind the end of the data they are zero. */
function peek(data: Uint8Array, bit: number): number {
  const at = bit >>> 3;
  return (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16)) >>> (bit & 7);
}

function takeBits(stream: Stream, count: number): number {
  const value = peek(stream.data, stream.bit) & ((1 << count) - 1);
  stream.bit += count;
  if (stream.bit > stream.data.length * 8) throw truncated();
  return value;
}
