import type { VfsFile } from "./pool-file.js";

/** So many bytes the device takes in some milliseconds. */
const FLUSHED_BYTES = 2 * 1024 * 1024;

/**
 * Writes a large file from its beginning to its end. The device has never much of it left to write: a commit that is
 * flushed meanwhile would wait for all of it.
 */
export class SteadyWriter {
  readonly #file: Pick<VfsFile, "write" | "flush">;
  #flushed = 0;
  /** How many bytes were written. */
  size = 0;

  constructor(file: Pick<VfsFile, "write" | "flush">) {
    this.#file = file;
  }

  write(bytes: Uint8Array): void {
    this.#file.write(bytes, this.size);
    this.size += bytes.length;
    if (this.size - this.#flushed < FLUSHED_BYTES) return;
    this.#file.flush();
    this.#flushed = this.size;
  }
}
