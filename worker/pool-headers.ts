import { ContextStoreError } from "../src/errors.js";
import { HEADER_BYTES, poolFiles } from "./opfs-directory.js";

// The first 524 bytes of a pool file: 512 bytes of name, zero padded; 4 of flags, big endian; 8 of a digest over both,
// as two 32-bit words in the machine's order. A free file has no name and no flags.
const NAME_BYTES = 512;
const CORPUS_BYTES = 516;
const DIGEST_BYTES = 8;

const FLAG_PERSISTENT = 0x0100 | 0x0800 | 0x4000 | 0x80000; // main database, journal, super journal, -wal
const FLAG_DELETE_ON_CLOSE = 0x08;
const FLAG_DIGEST = 0x80; // without it the digest is zero

/**
 * Rejects `corrupt` when a pool file that holds data has a header which the pool would not accept. Must come before the
 * pool is installed: it takes the name off such a file and truncates it.
 */
export async function checkPoolHeaders(path: string): Promise<void> {
  for (const file of await poolFiles(path)) {
    if (file.size <= HEADER_BYTES) continue;
    const header = new Uint8Array(await file.slice(0, CORPUS_BYTES + DIGEST_BYTES).arrayBuffer());
    if (isFree(header) || isNamed(header)) continue;
    throw new ContextStoreError(
      "corrupt",
      `The file ${file.name} of the database ${JSON.stringify(path)} has a damaged header. ` +
        "Nothing was changed; the file's bytes are still in the origin private file system.",
    );
  }
}

function isFree(header: Uint8Array): boolean {
  // The pool clears the digest in a second step, which a death may have kept it from.
  return header.subarray(0, CORPUS_BYTES).every((byte) => byte === 0);
}

function isNamed(header: Uint8Array): boolean {
  const view = new DataView(header.buffer, header.byteOffset);
  const flags = view.getUint32(NAME_BYTES);
  if (header[0] === 0 || (flags & FLAG_PERSISTENT) === 0 || (flags & FLAG_DELETE_ON_CLOSE) !== 0) return false;
  const stored = new Uint32Array(header.slice(CORPUS_BYTES).buffer);
  const [first, second] = flags & FLAG_DIGEST ? digest(header.subarray(0, CORPUS_BYTES)) : [0, 0];
  return stored[0] === first && stored[1] === second;
}

/** The digest of sqlite-wasm's opfs-sahpool, version 2. */
function digest(bytes: Uint8Array): [number, number] {
  let first = 0xdeadbeef;
  let second = 0x41c6ce57;
  for (const byte of bytes) {
    first = Math.imul(first ^ byte, 2654435761);
    second = Math.imul(second ^ byte, 104729);
  }
  return [first >>> 0, second >>> 0];
}
