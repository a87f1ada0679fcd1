import { ContextStoreError } from "../../src/errors.js";

// The write-ahead log beside a database file (https://www.sqlite.org/fileformat2.html#walformat):
//
//   header, 32 bytes: magic, version, page size, checkpoint number, salt (2 words), checksum (2 words)
//   frames, each: page number, database size in pages after a commit or else 0, salt (2), checksum (2), then the page
//
// All words are big endian. The checksums run on from the header through every frame, over words whose byte order the
// magic's last bit tells. What lies behind the last intact commit was never acknowledged, or is left from an earlier round.

const MAGIC = 0x377f0682;
const VERSION = 3_007_000;
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const CHUNK_BYTES = 1024 * 1024;

/** The pages that a log adds to its database. */
export interface CommittedPages {
  /** In bytes; 0 when nothing was committed. */
  readonly pageSize: number;
  /** By page number, from 1: where in the log the page's newest committed content begins. */
  readonly pages: ReadonlyMap<number, number>;
  /** The size of the database after the last commit, in pages; 0 when nothing was committed. */
  readonly pageCount: number;
}

/**
 * Reads a `-wal` file as SQLite recovers it: up to its last intact commit.
 *
 * @throws ContextStoreError `not-a-database` when the file is not a write-ahead log of SQLite 3.
 */
export async function committedPages(wal: Blob): Promise<CommittedPages> {
  const header = new DataView(await wal.slice(0, HEADER_BYTES).arrayBuffer());
  if (header.byteLength >= 4 && (header.getUint32(0) & ~1) !== MAGIC) throw notALog();
  const log = wal.size > HEADER_BYTES ? openLog(header) : undefined;
  if (!log) return { pageSize: 0, pages: new Map(), pageCount: 0 };

  const frameBytes = FRAME_HEADER_BYTES + log.pageSize;
  const step = frameBytes * Math.ceil(CHUNK_BYTES / frameBytes);
  for (let start = HEADER_BYTES; start + frameBytes <= wal.size; start += step) {
    const chunk = new DataView(await wal.slice(start, start + step).arrayBuffer());
    for (let at = 0; at + frameBytes <= chunk.byteLength; at += frameBytes) {
      if (!readFrame(log, chunk, at, start)) return log;
    }
  }
  return log;
}

/**
 * The database with the committed pages of its `-wal` in place, in chunks of about 1 MiB, as a checkpoint would leave it.
 * Where nothing was committed, the database as it is.
 *
 * @throws ContextStoreError `not-a-database` when `wal` is not a write-ahead log; `corrupt` when it belongs to another database.
 */
export async function* applyWal(database: Blob, wal: Blob): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const committed = await committedPages(wal);
  const { pageSize, pageCount } = committed;
  if (pageCount > 0) await checkPair(database, committed);
  const size = pageCount > 0 ? pageCount * pageSize : database.size;
  for (let start = 0; start < size; start += CHUNK_BYTES) {
    const end = Math.min(start + CHUNK_BYTES, size);
    const chunk = pageCount > 0 ? patch(database, wal, committed, start, end) : database.slice(start, end);
    yield new Uint8Array(await chunk.arrayBuffer());
  }
}

/** A part of the database with the newest pages in place. The engine reads all its pieces in one go. */
function patch(database: Blob, wal: Blob, { pageSize, pages }: CommittedPages, start: number, end: number): Blob {
  const pieces: BlobPart[] = [];
  let kept = start;
  for (let at = start; at < end; at += pageSize) {
    const offset = pages.get(at / pageSize + 1);
    if (offset === undefined) continue;
    pieces.push(...keep(database, kept, at), wal.slice(offset, offset + pageSize));
    kept = at + pageSize;
  }
  pieces.push(...keep(database, kept, end));
  return new Blob(pieces);
}

function keep(database: Blob, start: number, end: number): BlobPart[] {
  if (start === end) return [];
  const piece = database.slice(start, end);
  const missing = end - start - piece.size;
  return missing > 0 ? [piece, new Uint8Array(missing)] : [piece];
}

async function checkPair(database: Blob, { pageSize, pages, pageCount }: CommittedPages): Promise<void> {
  const header = new DataView(await database.slice(16, 18).arrayBuffer());
  const stored = header.byteLength === 2 ? header.getUint16(0) : 0;
  // 65536 does not fit into the two bytes and is written as 1.
  if ((stored === 1 ? 65_536 : stored) !== pageSize) throw wrongPair("their page sizes differ");
  // A commit writes every page that it adds. Without this check a few bytes could ask for terabytes of zeros.
  let last = Math.ceil(database.size / pageSize);
  for (const page of pages.keys()) last = Math.max(last, page);
  if (pageCount > last) throw wrongPair("the database is shorter than the log expects");
}

function wrongPair(problem: string): ContextStoreError {
  return new ContextStoreError(
    "corrupt",
    `The -wal file does not belong to this database: ${problem}. Use the two files as they lay side by side.`,
  );
}

interface Log {
  readonly pageSize: number;
  readonly littleEndian: boolean;
  readonly salt: readonly [number, number];
  checksum: readonly [number, number];
  pageCount: number;
  readonly pages: Map<number, number>;
  /** Pages of a transaction whose commit has not been seen. */
  readonly pending: Map<number, number>;
}

function notALog(): ContextStoreError {
  return new ContextStoreError(
    "not-a-database",
    "The -wal file is not a write-ahead log of SQLite 3. Use the file that lies beside the database, or none.",
  );
}

/** The log's state before its first frame; undefined where SQLite takes the header, and so the log, for torn. */
function openLog(header: DataView): Log | undefined {
  const pageSize = header.getUint32(8);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  // The magic's last bit.
  const littleEndian = (header.getUint32(0) & 1) === 0;
  const checksum = addToChecksum([0, 0], littleEndian, header, 0, 24);
  if (checksum[0] !== header.getUint32(24) || checksum[1] !== header.getUint32(28)) return undefined;
  if (header.getUint32(4) !== VERSION) throw notALog();
  const salt = [header.getUint32(16), header.getUint32(20)] as const;
  return { pageSize, littleEndian, salt, checksum, pageCount: 0, pages: new Map(), pending: new Map() };
}

/** Takes in the frame at `at` of a chunk that begins at `start` of the file. False where the log ends. */
function readFrame(log: Log, chunk: DataView, at: number, start: number): boolean {
  const page = chunk.getUint32(at);
  const pageCount = chunk.getUint32(at + 4);
  if (page === 0 || chunk.getUint32(at + 8) !== log.salt[0] || chunk.getUint32(at + 12) !== log.salt[1]) return false;
  const content = at + FRAME_HEADER_BYTES;
  const header = addToChecksum(log.checksum, log.littleEndian, chunk, at, at + 8);
  log.checksum = addToChecksum(header, log.littleEndian, chunk, content, content + log.pageSize);
  if (log.checksum[0] !== chunk.getUint32(at + 16) || log.checksum[1] !== chunk.getUint32(at + 20)) return false;

  log.pending.set(page, start + content);
  if (pageCount > 0) {
    for (const [number, offset] of log.pending) log.pages.set(number, offset);
    log.pending.clear();
    log.pageCount = pageCount;
  }
  return true;
}

function addToChecksum(
  [first, second]: readonly [number, number],
  littleEndian: boolean,
  bytes: DataView,
  start: number,
  end: number,
): readonly [number, number] {
  let sum = first;
  let sumOfSums = second;
  for (let at = start; at < end; at += 8) {
    sum = (sum + bytes.getUint32(at, littleEndian) + sumOfSums) | 0;
    sumOfSums = (sumOfSums + bytes.getUint32(at + 4, littleEndian) + sum) | 0;
  }
  return [sum >>> 0, sumOfSums >>> 0];
}
