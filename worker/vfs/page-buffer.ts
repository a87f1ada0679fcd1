import type { VfsFile } from "./pool-file.js";

/** What is gathered at most, in bytes. */
const BUFFER_BYTES = 512 * 1024;

/**
 * A database's own file. A checkpoint writes it page by page in their order, and a write costs by the call, not by the
 * byte: those that follow each other are gathered, and written in one go.
 *
 * What was written reaches the file in the order in which it was written, and at the latest when it is flushed; SQLite
 * counts on nothing that it has not flushed. What could not be written stays here, so that no flush succeeds without it.
 * With `synchronous=OFF` there is none, and SQLite does not hear what fails on closing: no connection may have it.
 */
export class PageBuffer implements VfsFile {
  readonly #file: VfsFile;
  /** Made with the first write: most databases that are opened are only read. */
  #bytes: Uint8Array | undefined;
  /** Where in the file the buffer begins. */
  #start = 0;
  #length = 0;

  constructor(file: VfsFile) {
    this.#file = file;
  }

  get #end(): number {
    return this.#start + this.#length;
  }

  read(into: Uint8Array, at: number): number {
    this.#write();
    return this.#file.read(into, at);
  }

  write(bytes: Uint8Array, at: number): void {
    if (at !== this.#end || this.#length + bytes.length > BUFFER_BYTES) this.#write();
    if (bytes.length > BUFFER_BYTES) return this.#file.write(bytes, at);
    if (this.#length === 0) this.#start = at;
    this.#bytes ??= new Uint8Array(BUFFER_BYTES);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  size(): number {
    return this.#length > 0 ? Math.max(this.#file.size(), this.#end) : this.#file.size();
  }

  truncate(size: number): void {
    this.#write();
    this.#file.truncate(size);
  }

  flush(): void {
    this.#write();
    this.#file.flush();
  }

  /** Writes what is left. */
  close(): void {
    this.#write();
  }

  #write(): void {
    if (this.#length === 0) return;
    this.#file.write(this.#bytes!.subarray(0, this.#length), this.#start);
    this.#length = 0;
  }
}
