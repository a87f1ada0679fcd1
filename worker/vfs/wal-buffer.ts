import { GatheringFile } from "./gathering-file.js";
import type { VfsFile } from "./pool-file.js";

/** What is gathered at most, in bytes. A larger transaction is written in parts of this size. */
const BUFFER_BYTES = 1024 * 1024;

// https://www.sqlite.org/fileformat2.html#the_write_ahead_log
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const COMMIT_AT = 4;

/**
 * A -wal that is written once per commit: a write costs by the call, not by the byte, and SQLite makes two for each page.
 * What it writes is gathered until the frame that commits is whole, and written before that last call returns. So a
 * commit that SQLite knows of has reached the file, and SQLite itself rolls back one that has not.
 *
 * Nothing else may wait: only a frame's header that its page is sure to follow is gathered, and with the page of the last
 * frame all is written. A transaction that is rolled back leaves frames here, or in the file, which no commit follows: the
 * next one overwrites them, and a recovery ignores them.
 */
export class WalBuffer extends GatheringFile {
  /** What comes next: the page of a frame whose header is the last thing in the buffer, and whether it commits. */
  #awaited: "page" | "last page" | undefined;
  #lastRead = -1;
  /** The end of what was written since SQLite last began at the beginning. */
  #used = 0;

  constructor(file: VfsFile) {
    super(file, BUFFER_BYTES);
  }

  /** How many bytes are in use; the file itself keeps its size when SQLite begins it anew. */
  get used(): number {
    return this.#used;
  }

  override read(into: Uint8Array, at: number): number {
    this.#lastRead = at;
    return super.read(into, at);
  }

  write(bytes: Uint8Array, at: number): void {
    this.#used = at === 0 ? bytes.length : Math.max(this.#used, at + bytes.length);
    const awaited = at === this.end ? this.#awaited : undefined;
    const isPage = awaited !== undefined && bytes.length > WAL_HEADER_BYTES;
    const isHeader = bytes.length === (at === 0 ? WAL_HEADER_BYTES : FRAME_HEADER_BYTES);
    // SQLite corrects the checksum of a frame that it has just read; no page follows that.
    const gathers = isPage || (isHeader && at !== this.#lastRead);
    this.#lastRead = -1;
    if (!gathers || !this.follows(bytes, at)) this.writeGathered();
    if (!gathers || bytes.length > BUFFER_BYTES) return this.#writeThrough(bytes, at);
    this.gather(bytes, at);
    if (awaited === "last page") return this.writeGathered();
    this.#awaited = isPage || at === 0 ? undefined : commits(bytes) ? "last page" : "page";
  }

  override truncate(size: number): void {
    super.truncate(size);
    this.#used = Math.min(this.#used, size);
  }

  override writeGathered(): void {
    if (this.length === 0) return;
    const bytes = this.gathered;
    this.length = 0;
    this.#awaited = undefined;
    this.#writeThrough(bytes, this.start);
  }

  /**
   * What is written is never older than the open transaction, and SQLite rolls that back when it fails. Should all of it
   * have reached the file nevertheless, a recovery would bring back what was reported as failed: it is cut off.
   */
  #writeThrough(bytes: Uint8Array, at: number): void {
    try {
      this.file.write(bytes, at);
    } catch (error) {
      try {
        if (this.file.size() > at) this.file.truncate(at);
      } catch {
        // The file itself is gone.
      }
      throw error;
    }
  }
}

/** Whether the frame with this header is the last of its transaction: it then names the database's size. */
function commits(header: Uint8Array): boolean {
  return header.subarray(COMMIT_AT, COMMIT_AT + 4).some((byte) => byte !== 0);
}
