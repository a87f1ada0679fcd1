// The checksum of gzip (https://www.rfc-editor.org/rfc/rfc1952#section-8).

/** What single bytes make of it, and what they make of it with one, two, and three zeros behind them. */
const TABLES = memory.data(4 * 4 * 256, 8);

fillTables();

export function crc32(from: usize, end: usize): u32 {
  let crc: u32 = ~0;
  let at = from;
  // Four bytes at a time: their tables do not wait for each other.
  for (; at + 4 <= end; at += 4) {
    crc ^= load<u32>(at);
    crc =
      entryOf(3, crc & 255) ^ entryOf(2, (crc >>> 8) & 255) ^ entryOf(1, (crc >>> 16) & 255) ^ entryOf(0, crc >>> 24);
  }
  for (; at < end; at++) crc = entryOf(0, (crc ^ load<u8>(at)) & 255) ^ (crc >>> 8);
  return ~crc;
}

function entryOf(zeros: u32, byte: u32): u32 {
  return load<u32>(TABLES + (((zeros << 8) | byte) << 2));
}

function fillTables(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let round = 0; round < 8; round++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    store<u32>(TABLES + (byte << 2), crc);
  }
  for (let place: u32 = 256; place < 4 * 256; place++) {
    const crc = load<u32>(TABLES + ((place - 256) << 2));
    store<u32>(TABLES + (place << 2), entryOf(0, crc & 255) ^ (crc >>> 8));
  }
}
