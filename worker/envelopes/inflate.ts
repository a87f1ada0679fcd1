// DEFLATE (https://www.rfc-editor.org/rfc/rfc1951), accepting what zlib accepts.
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
 * Writes the stream that begins at byte `from` into `out`; what no longer fits there is counted only. Gives its length and
 * the byte behind its end, or, as soon as the length exceeds `room`, what it has come to.
 *
 * @throws Error when the stream is damaged or ends too early.
 */
export function inflate(
  data: Uint8Array,
  from: number,
  out: Uint8Array,
  room: number,
): { readonly length: number; readonly end: number } {
  const stream: Stream = { data, out, room, bit: from * 8, length: 0 };
  let last = 0;
  while (last === 0 && stream.length <= room) {
    last = takeBits(stream, 1);
    const type = takeBits(stream, 2);
    if (type === 0) copyStored(stream);
    else if (type === 1) inflateBlock(stream, FIXED_LITERALS, FIXED_DISTANCES);
    else if (type === 2) {
      readCodes(stream);
      inflateBlock(stream, literals, distances);
    } else throw damaged();
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
    if (end <= out.length) for (; length < end; length++) out[length] = out[length - distance]!;
    length = end;
    if (length > room) break;
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

function damaged(): Error {
  return new Error("the gzip data is damaged");
}

/** For data that ends before it is complete. */
export function truncated(): Error {
  return new Error("the gzip data ends too early");
}
