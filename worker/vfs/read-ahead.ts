/** What is read at once, in bytes. */
const BLOCK_BYTES = 64 * 1024;

/** A read that begins in a block ends in what was read of it, if it is no longer: a page, or a frame of a -wal. */
const OVERLAP_BYTES = 8 * 1024;

/** Reads a file from somewhere on; gives how many bytes were there. */
type Read = (into: Uint8Array, at: number) => number;

/**
 * Pages that are near each other, read in one go: a read costs by the call more than by the byte, and SQLite makes one for
 * each page of a history, and of a -wal that it recovers or writes back. What is far from the last read is read alone.
 */
export class ReadAhead {
  readonly #read: Read;
  /** Made when it is first used. */
  #bytes = new Uint8Array(0);
  /** Where in the file the block begins that was read last. */
  #start = 0;
  #length = 0;
  /** Where the last read began. */
  #last = -Infinity;

  constructor(read: Read) {
    this.#read = read;
  }

  read(into: Uint8Array, at: number): number {
    const isNear = Math.abs(at - this.#last) <= BLOCK_BYTES;
    this.#last = at;
    if (!this.#has(at, into.length)) {
      if (!isNear || into.length > OVERLAP_BYTES) return this.#read(into, at);
      this.#fetch(at);
    }
    const from = at - this.#start;
    const found = this.#bytes.subarray(from, Math.max(from, Math.min(from + into.length, this.#length)));
    into.set(found);
    return found.length;
  }

  /** The file has changed. */
  forget(): void {
    this.#length = 0;
  }

  #has(at: number, length: number): boolean {
    return at >= this.#start && at + length <= this.#start + this.#length;
  }

  #fetch(at: number): void {
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(BLOCK_BYTES + OVERLAP_BYTES);
    this.#length = 0;
    this.#start = at - (at % BLOCK_BYTES);
    this.#length = this.#read(this.#bytes, this.#start);
  }
}
