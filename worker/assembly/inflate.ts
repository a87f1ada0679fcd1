// DEFLATE (https://www.rfc-editor.org/rfc/rfc1951), accepting what zlib accepts. In AssemblyScript
// (https://www.assemblyscript.org): what a page reads first, script would read before the engine has compiled it.
//
// Not fflate's, which tells neither where a stream ends, so that further members and garbage behind it stay unseen, nor
// how large it becomes before the memory is taken.

export { crc32 } from "./crc32";

/** What is given instead of a length. */
export const DAMAGED: i32 = -1;
export const TRUNCATED: i32 = -2;

/** From here on all memory is the caller's. */
export const FREE: usize = __heap_base;

// A prefix code is a table of 16-bit entries, by the next bits: symbol * 16 + its number of bits, or 0 where no symbol has
// this code. It has as many entries as its longest code has values, and is known by the mask of those bits.
const FIXED_LITERALS = memory.data(2 << 9, 8);
const FIXED_DISTANCES = memory.data(2 << 5, 8);
const LITERALS = memory.data(2 << 15, 8);
const DISTANCES = memory.data(2 << 15, 8);
const LENGTH_CODES = memory.data(2 << 7, 8);
let literalMask: u32;
let distanceMask: u32;

/** The lengths of a block's codes, a byte each. */
const LENGTHS = memory.data(286 + 32, 8);
/** By length: how many codes have it, and the place of the next of their symbols. */
const COUNTS = memory.data(4 * 16, 8);
const PLACES = memory.data(4 * 16, 8);
/** The symbols that have a code, by its length, 16 bits each. */
const SYMBOLS = memory.data(2 * 288, 8);

const LENGTH_ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

// Smallest value * 16 + extra bits, by symbol, 32 bits each.
const LENGTH_VALUES = memory.data(4 * 29, 8);
const DISTANCE_VALUES = memory.data(4 * 30, 8);

let data: usize;
let dataBits: u32;
let out: usize;
let room: u32;
let limit: u32;
let bit: u32;
let length: u32;
let fault: i32;

fillTables();

/**
 * Reads the stream that begins at `from`, of data that ends at `end` and is followed by 32 zeros. Writes what it holds
 * to `to`; what no longer fits into `capacity` bytes is counted only. Gives its length, or, as soon as that exceeds
 * `most`, what it has come to.
 */
export function inflate(from: usize, end: usize, to: usize, capacity: u32, most: u32): i32 {
  data = from;
  dataBits = <u32>(end - from) * 8;
  out = to;
  room = capacity;
  limit = most;
  bit = 0;
  length = 0;
  fault = 0;
  for (let last: u32 = 0; last == 0 && length <= limit && fault == 0;) {
    last = takeBits(1);
    const type = takeBits(2);
    if (type == 0) copyStored();
    else if (type == 1) inflateBlock(FIXED_LITERALS, (1 << 9) - 1, FIXED_DISTANCES, (1 << 5) - 1);
    else if (type == 3) fail(DAMAGED);
    else if (readCodes()) inflateBlock(LITERALS, literalMask, DISTANCES, distanceMask);
  }
  return fault || <i32>length;
}

/** How many bytes the last stream took. */
export function consumed(): u32 {
  return (bit + 7) >>> 3;
}

function inflateBlock(literals: usize, literalMask: u32, distances: usize, distanceMask: u32): void {
  // Each look at one of the variables above would be one into memory.
  const to = out;
  const capacity = room;
  const most = limit;
  const end = dataBits;
  let at = bit;
  let count = length;
  while (count <= most) {
    // Enough for all that one symbol may take, or for three literals.
    let bits = bitsAt(at);
    let entry = entryOf(literals, literalMask, bits);
    if (entry == 0) return fail(DAMAGED);
    if (isLiteral(entry)) {
      for (let more = 2; ; more--) {
        if (count < capacity) store<u8>(to + count, <u8>(entry >> 4));
        count++;
        at += entry & 15;
        bits >>>= entry & 15;
        entry = entryOf(literals, literalMask, bits);
        if (more == 0 || !isLiteral(entry)) break;
      }
      if (at > end) return fail(TRUNCATED);
      continue;
    }
    at += entry & 15;
    if (at > end) return fail(TRUNCATED);
    const symbol = entry >> 4;
    if (symbol == 256) break;
    bits >>>= entry & 15;
    const size = load<u32>(LENGTH_VALUES + ((symbol - 257) << 2));
    const behind = count + (size >> 4) + lowest(bits, size & 15);
    bits >>>= size & 15;
    const distanceEntry = entryOf(distances, distanceMask, bits);
    if (distanceEntry == 0) return fail(DAMAGED);
    bits >>>= distanceEntry & 15;
    const reach = load<u32>(DISTANCE_VALUES + ((distanceEntry >> 4) << 2));
    const distance = (reach >> 4) + lowest(bits, reach & 15);
    at += (size & 15) + (distanceEntry & 15) + (reach & 15);
    if (distance > count) return fail(DAMAGED);
    if (behind <= capacity) for (; count < behind; count++) store<u8>(to + count, load<u8>(to + count - distance));
    count = behind;
  }
  bit = at;
  length = count;
}

/** Whether a code stands for a byte. */
function isLiteral(entry: u32): bool {
  return entry != 0 && entry < 256 << 4;
}

function copyStored(): void {
  const from = ((bit + 7) >>> 3) + 4;
  if (from * 8 > dataBits) return fail(TRUNCATED);
  const size: u32 = load<u16>(data + from - 4);
  if ((size ^ load<u16>(data + from - 2)) != 0xffff) return fail(DAMAGED);
  bit = (from + size) * 8;
  if (bit > dataBits) return fail(TRUNCATED);
  if (length + size <= room) memory.copy(out + length, data + from, size);
  length += size;
}

/** Reads the codes of a block. False where they are none. */
function readCodes(): bool {
  const literals = takeBits(5) + 257;
  const distances = takeBits(5) + 1;
  const listed = takeBits(4) + 4;
  if (literals > 286 || distances > 30) fail(DAMAGED);
  memory.fill(LENGTHS, 0, 19);
  for (let place: u32 = 0; place < listed; place++) {
    store<u8>(LENGTHS + load<u8>(LENGTH_ORDER + place), <u8>takeBits(3));
  }
  const mask = makeCode(LENGTH_CODES, LENGTHS, 19, 19);
  const count = literals + distances;
  for (let place: u32 = 0; place < count && fault == 0;) {
    const entry = entryOf(LENGTH_CODES, mask, bitsAt(bit));
    if (entry == 0) fail(DAMAGED);
    takeBits(entry & 15);
    const symbol = entry >> 4;
    if (symbol < 16) {
      store<u8>(LENGTHS + place++, <u8>symbol);
      continue;
    }
    if (symbol == 16 && place == 0) fail(DAMAGED);
    const times: u32 = symbol == 16 ? takeBits(2) + 3 : symbol == 17 ? takeBits(3) + 3 : takeBits(7) + 11;
    if (place + times > count) fail(DAMAGED);
    if (fault != 0) break;
    memory.fill(LENGTHS + place, symbol == 16 ? load<u8>(LENGTHS + place - 1) : 0, times);
    place += times;
  }
  if (fault != 0) return false;
  // Without it, the block would not end.
  if (load<u8>(LENGTHS + 256) == 0) fail(DAMAGED);
  literalMask = makeCode(LITERALS, LENGTHS, literals, literals);
  distanceMask = makeCode(DISTANCES, LENGTHS + literals, distances, distances);
  return fault == 0;
}

/**
 * Makes the canonical prefix code of these lengths, and gives its mask; symbols from `usable` on have a code but no
 * meaning.
 */
function makeCode(table: usize, lengths: usize, count: u32, usable: u32): u32 {
  memory.fill(COUNTS, 0, 4 * 16);
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const at = COUNTS + ((<u32>load<u8>(lengths + symbol)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let free: i32 = 1;
  let longest: u32 = 0;
  let place: u32 = 0;
  for (let size: u32 = 1; size < 16; size++) {
    const codes = load<u32>(COUNTS + (size << 2));
    free = free * 2 - codes;
    if (free < 0) {
      fail(DAMAGED);
      return 0;
    }
    if (codes > 0) longest = size;
    store<u32>(PLACES + (size << 2), place);
    place += codes;
  }
  // A lone code is one bit long, and the other bit is no code.
  if (free > 0 && longest > 1) fail(DAMAGED);
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const size: u32 = load<u8>(lengths + symbol);
    if (size == 0) continue;
    const at = PLACES + (size << 2);
    const to = load<u32>(at);
    store<u32>(at, to + 1);
    store<u16>(SYMBOLS + (to << 1), <u16>symbol);
  }
  // Codes of one more bit have a table that is twice as large: what was there before, twice.
  store<u16>(table, 0);
  let entries: u32 = 1;
  let code: u32 = 0;
  place = 0;
  for (let size: u32 = 1; size <= longest; size++) {
    memory.copy(table + (entries << 1), table, entries << 1);
    entries <<= 1;
    for (let left = load<u32>(COUNTS + (size << 2)); left > 0; left--) {
      const symbol: u32 = load<u16>(SYMBOLS + (place++ << 1));
      store<u16>(table + (code << 1), symbol < usable ? <u16>((symbol << 4) | size) : 0);
      // One more, of which the first bit is the highest.
      const zeros = code ^ (entries - 1);
      const carry: u32 = zeros == 0 ? 0 : 1 << (31 - clz(zeros));
      code = (code & (carry - 1)) | carry;
    }
  }
  return entries - 1;
}

function entryOf(table: usize, mask: u32, bits: u64): u32 {
  return load<u16>(table + ((<u32>bits & mask) << 1));
}

function lowest(bits: u64, count: u32): u32 {
  return <u32>bits & ((1 << count) - 1);
}

/** At least the next 57 bits. */
function bitsAt(at: u32): u64 {
  return load<u64>(data + (at >>> 3)) >>> (at & 7);
}

function takeBits(count: u32): u32 {
  const value = lowest(bitsAt(bit), count);
  bit += count;
  if (bit > dataBits) fail(TRUNCATED);
  return value;
}

/** The first fault is the one that is told. */
function fail(what: i32): void {
  if (fault == 0) fault = what;
}

function fillTables(): void {
  let value: u32 = 3;
  for (let symbol: u32 = 0; symbol < 28; symbol++) {
    const bits: u32 = symbol < 4 ? 0 : (symbol >> 2) - 1;
    store<u32>(LENGTH_VALUES + (symbol << 2), value * 16 + bits);
    value += 1 << bits;
  }
  store<u32>(LENGTH_VALUES + (28 << 2), 258 * 16);
  value = 1;
  for (let symbol: u32 = 0; symbol < 30; symbol++) {
    const bits: u32 = symbol < 2 ? 0 : (symbol >> 1) - 1;
    store<u32>(DISTANCE_VALUES + (symbol << 2), value * 16 + bits);
    value += 1 << bits;
  }
  memory.fill(LENGTHS, 8, 144);
  memory.fill(LENGTHS + 144, 9, 112);
  memory.fill(LENGTHS + 256, 7, 24);
  memory.fill(LENGTHS + 280, 8, 8);
  makeCode(FIXED_LITERALS, LENGTHS, 288, 286);
  memory.fill(LENGTHS, 5, 32);
  makeCode(FIXED_DISTANCES, LENGTHS, 32, 30);
}
