import { Inflater, truncated } from "./inflater.js";

// gzip (https://www.rfc-editor.org/rfc/rfc1952), read as Python's gzip.decompress reads it.

const HAS_HEADER_CRC = 2;
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;
const TRAILER_BYTES = 8;

/**
 * What all members of a gzip file hold, until the next one is read.
 *
 * @throws Error when they are damaged or hold more than `limit` bytes, before memory for more than that is taken.
 */
export function gunzip(data: Uint8Array, limit: number): Uint8Array {
  const inflater = new Inflater(data);
  try {
    for (let at = 0; at < data.length;) {
      at = readMember(inflater, data, at, limit);
      while (data[at] === 0) at++;
    }
    return inflater.output;
  } finally {
    inflater.close();
  }
}

/** Reads the member at `start`, and gives where it ends. */
function readMember(inflater: Inflater, data: Uint8Array, start: number, limit: number): number {
  const room = limit - inflater.output.length;
  const from = skipHeader(data, start);
  // The size that the last four bytes claim is a hint and no more: anyone can write it there, and zeros or another member
  // may follow. A stream that turns out larger is counted to its end, and then what it really holds is allocated.
  const claim = readUint32(data, Math.max(from, data.length - 4));
  const hint = start > 0 || claim > room ? 0 : Math.min(claim, 65_536 + 32 * data.length);
  const stream = inflater.read(from, hint, room);
  if (!stream) throw new Error(`the content is larger than ${limit} bytes`);
  const { length, end } = stream;
  if (end + TRAILER_BYTES > data.length) throw truncated();
  if (readUint32(data, end + 4) !== length) throw new Error("the gzip length does not match");
  if (readUint32(data, end) !== inflater.keep(stream)) throw new Error("the gzip checksum does not match");
  return end + TRAILER_BYTES;
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
