import { HEADER_BYTES } from "../../src/database-directory.js";

// The first 524 bytes of a pool file: 512 bytes of name, zero padded; 4 of flags, big endian; 8 of a digest over both,
// as two 32-bit words in the machine's order. A free file has no name and no flags. The format, and the offset of the
// data behind it, are those of sqlite-wasm's opfs-sahpool.
const NAME_BYTES = 512;
const CORPUS_BYTES = 516;

/** What is read and written of a header; the rest up to {@link HEADER_BYTES} is not used. */
export const HEADER_USED_BYTES = 524;

const FLAG_PERSISTENT = 0x0100 | 0x0800 | 0x4000 | 0x80000; // main database, journal, super journal, -wal
const FLAG_DELETE_ON_CLOSE = 0x08;
const FLAG_DIGEST = 0x80; // without it the digest is zero

/** The header of a file that is called `name`. `flags` are those that SQLite opens it with. Throws when it is too long. */
export function nameHeader(name: string, flags: number): Uint8Array {
  const header = new Uint8Array(HEADER_USED_BYTES);
  const { read, written } = new TextEncoder().encodeInto(name, header.subarray(0, NAME_BYTES - 1));
  if (read < name.length || written === 0) throw new Error(`${JSON.stringify(name)} cannot be a file's name`);
  new DataView(header.buffer).setUint32(NAME_BYTES, flags | FLAG_DIGEST);
  new Uint32Array(header.buffer, CORPUS_BYTES).set(digest(header.subarray(0, CORPUS_BYTES)));
  return header;
}

/**
 * The name that a header gives its file, "" for a free file; undefined where the file holds data without a name: it has
 * lost its header, since data go before the name does, and is not to be touched. `size` is that of the whole file.
 */
export function nameIn(header: Uint8Array, size: number): string | undefined {
  if (isNamed(header)) return new TextDecoder().decode(header.subarray(0, header.indexOf(0)));
  return size > HEADER_BYTES ? undefined : "";
}

function isNamed(header: Uint8Array): boolean {
  const view = new DataView(header.buffer, header.byteOffset);
  const flags = view.getUint32(NAME_BYTES);
  if (header[0] === 0 || (flags & FLAG_PERSISTENT) === 0 || (flags & FLAG_DELETE_ON_CLOSE) !== 0) return false;
  const stored = new Uint32Array(header.slice(CORPUS_BYTES).buffer);
  const [first, second] = flags & FLAG_DIGEST ? digest(header.subarray(0, CORPUS_BYTES)) : [0, 0];
  return stored[0] === first && stored[1] === second;
}

/** The digest of opfs-sahpool, version 2. */
function digest(bytes: Uint8Array): [number, number] {
  let first = 0xdeadbeef;
  let second = 0x41c6ce57;
  for (const byte of bytes) {
    first = Math.imul(first ^ byte, 2654435761);
    second = Math.imul(second ^ byte, 104729);
  }
  return [first >>> 0, second >>> 0];
}
