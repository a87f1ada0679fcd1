import { inflate, truncated } from "./inflate.js";

// gzip (https://www.rfc-editor.org/rfc/rfc1952), read as Python's gzip.decompress reads it.

const HAS_HEADER_CRC = 2;
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;
const TRAILER_BYTES = 8;

/**
 * What all members of a gzip file hold.
 *
 * @throws Error when they are damaged or hold more than `limit` bytes, before memory for more than that is taken.
 */
export function gunzip(data: Uint8Array, limit: number): Uint8Array {
  const members: Uint8Array[] = [];
  let length = 0;
  let at = 0;
  while (at < data.length) {
    const member = readMember(data, at, limit - length);
    if (!member) throw new Error(`the content is larger than ${limit} bytes`);
    members.push(member.bytes);
    length += member.bytes.length;
    at = member.end;
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

/** The member at `start`, or `undefined` if it holds more than `room` bytes. */
function readMember(
  data: Uint8Array,
  start: number,
  room: number,
): { readonly bytes: Uint8Array; readonly end: number } | undefined {
  const from = skipHeader(data, start);
  // The size that the last four bytes claim is a hint and no more: anyone can write it there, and zeros or another member
  // may follow. A stream that turns out larger is counted to its end, and then what it really holds is allocated.
  const claim = readUint32(data, Math.max(from, data.length - 4));
  const hint = start > 0 || claim > room ? 0 : Math.min(claim, 65_536 + 32 * data.length);
  let out = new Uint8Array(hint);
  const { length, end } = inflate(data, from, out, room);
  if (length > room) return undefined;
  if (end + TRAILER_BYTES > data.length) throw truncated();
  if (readUint32(data, end + 4) !== length) throw new Error("the gzip length does not match");
  if (length > hint) inflate(data, from, (out = new Uint8Array(length)), room);
  const bytes = out.subarray(0, length);
  if (readUint32(data, end) !== crc32(bytes)) throw new Error("the gzip checksum does not match");
  return { bytes, end: end + TRAILER_BYTES };
}

function skipHeader(data: Uint8Array, start: number): number {
  if (data[start] !== 0x1f || data[start + 1] !== 0x8b) throw new Error("the data is not gzip");
  if (start + 10 > data.length) throw truncated();
  if (data[start + 2] !== 8) throw new Error("the gzip compression method is unknown");
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
