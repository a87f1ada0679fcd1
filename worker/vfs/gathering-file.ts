import type { VfsFile } from "./pool-file.js";

/**
 * A file whose writes are gathered while each begins where the last one ended: a write costs by the call, not by the byte.
 * What is gathered, and until when, is for the kind of file to say. Reading writes nothing: it goes on while the disk is
 * full.
 */
export abstract class GatheringFile implements VfsFile {
  protected readonly file: VfsFile;
  /** Where in the file that which is gathered begins, and how long it is. */
  protected start = 0;
  protected length = 0;
  readonly #limit: number;
  /** Made with the first write: most files that are opened are only read. */
  #bytes: Uint8Array | undefined;

  /** `limit`: what is gathered at most, in bytes. */
  constructor(file: VfsFile, limit: number) {
    this.file = file;
    this.#limit = limit;
  }

  read(into: Uint8Array, at: number): number {
    if (this.length === 0) return this.file.read(into, at);
    const found = Math.max(0, Math.min(into.length, this.size() - at));
    const from = Math.max(at, this.start);
    const to = Math.min(at + into.length, this.end);
    const isGathered = to - from === into.length;
    // Between the end of the file and what is gathered are zeros.
    if (!isGathered) into.fill(0, this.file.read(into, at), found);
    if (from < to) into.set(this.gathered.subarray(from - this.start, to - this.start), from - at);
    return found;
  }

  abstract write(bytes: Uint8Array, at: number): void;

  size(): number {
    return this.length > 0 ? Math.max(this.file.size(), this.end) : this.file.size();
  }

  truncate(size: number): void {
    this.writeGathered();
    this.file.truncate(size);
  }

  flush(): void {
    this.writeGathered();
    this.file.flush();
  }

  /** Writes what is gathered, if there is anything. */
  abstract writeGathered(): void;

  protected get end(): number {
    return this.start + this.length;
  }

  protected get gathered(): Uint8Array {
    return this.#bytes!.subarray(0, this.length);
  }

  /** Whether a write would still follow what is gathered, and fit behind it. */
  protected follows(bytes: Uint8Array, at: number): boolean {
    return at === this.end && this.length + bytes.length <= this.#limit;
  }

  protected gather(bytes: Uint8Array, at: number): void {
    if (this.length === 0) this.start = at;
    this.#bytes ??= new Uint8Array(this.#limit);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}
