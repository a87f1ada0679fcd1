import { HEADER_BYTES } from "../../src/database-directory.js";
import { HEADER_USED_BYTES, nameHeader } from "./header.js";
import { ReadAhead } from "./read-ahead.js";

/** What is used of `FileSystemSyncAccessHandle`, which a page's types do not have. */
export interface SyncHandle {
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  getSize(): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** Opens the file for this worker alone. */
export function openHandle(file: FileSystemFileHandle): Promise<SyncHandle> {
  // A page's types lack the method.
  return (file as FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> }).createSyncAccessHandle();
}

/** A file as SQLite sees one. Offsets and sizes are in bytes. */
export interface VfsFile {
  /** How many bytes were there to be read. */
  read(into: Uint8Array, at: number): number;
  /** Writes all of `bytes`, or throws. */
  write(bytes: Uint8Array, at: number): void;
  size(): number;
  truncate(size: number): void;
  /** Waits until the device has what was written. */
  flush(): void;
}

/** A write that the file system carried out in part: its disk is full. */
class ShortWriteError extends Error {
  override readonly name = "QuotaExceededError";
}

/** Writes all of `bytes`, or throws. */
export function writeWhole(handle: SyncHandle, bytes: Uint8Array, at: number): void {
  const written = handle.write(bytes, { at });
  if (written !== bytes.length) throw new ShortWriteError(`only ${written} of ${bytes.length} bytes were written`);
}

/** One file of the pool, under the name that its header gives it. */
export class PoolFile implements VfsFile {
  readonly label: string;
  readonly #handle: SyncHandle;
  readonly #ahead: ReadAhead;
  /** The header that is still to be written. */
  #header: Uint8Array | undefined;
  /** Of the whole file, while it is known: nobody else changes it, and SQLite asks before every statement. */
  #size: number | undefined;

  /** `label` names the file in messages. */
  constructor(handle: SyncHandle, label: string) {
    this.#handle = handle;
    this.#ahead = new ReadAhead((into, at) => handle.read(into, { at }));
    this.label = label;
  }

  /** The header's bytes; all zero where the file is shorter. */
  header(): Uint8Array {
    const header = new Uint8Array(HEADER_USED_BYTES);
    this.#handle.read(header, { at: 0 });
    return header;
  }

  /** The size of the whole file, header included. */
  wholeSize(): number {
    return (this.#size ??= this.#handle.getSize());
  }

  /** Takes the room of a header, which is all zero: the file is free. */
  reserve(): void {
    this.#resize(HEADER_BYTES);
  }

  /** Gives a free file a name. It is written with the first data: opening a database writes nothing. */
  claim(name: string, flags: number): void {
    this.#header = nameHeader(name, flags);
  }

  /** Takes the data, then the name: data without a name are those of a file whose header is damaged. */
  free(): void {
    if (this.#header === undefined) {
      this.#resize(HEADER_BYTES);
      this.#handle.flush();
      // Should one of these fail, the name is written again with whatever comes next.
      this.#header = this.header();
      this.#writeWhole(new Uint8Array(HEADER_USED_BYTES), 0);
      // Another file may get the name: after a power failure no two may have it.
      this.#handle.flush();
    }
    this.#header = undefined;
  }

  /** Whether it has a name that is not written yet. */
  get isUnwritten(): boolean {
    return this.#header !== undefined;
  }

  read(into: Uint8Array, at: number): number {
    // What a free file held before is not part of the new one.
    return this.#header === undefined ? this.#ahead.read(into, HEADER_BYTES + at) : 0;
  }

  write(bytes: Uint8Array, at: number): void {
    this.#writeHeader();
    this.#writeWhole(bytes, HEADER_BYTES + at);
  }

  size(): number {
    return this.#header === undefined ? Math.max(0, this.wholeSize() - HEADER_BYTES) : 0;
  }

  truncate(size: number): void {
    if (this.#header === undefined) this.#resize(HEADER_BYTES + size);
    else if (size > 0) throw new Error("a file grows by what is written to it");
  }

  flush(): void {
    if (this.#header === undefined) this.#handle.flush();
  }

  close(): void {
    this.#handle.close();
  }

  #writeHeader(): void {
    if (this.#header === undefined) return;
    // A free file may be shorter than a header.
    if (this.wholeSize() !== HEADER_BYTES) this.#resize(HEADER_BYTES);
    this.#writeWhole(this.#header, 0);
    // Data without a name are those of a file whose header is damaged, also after a power failure.
    this.#handle.flush();
    this.#header = undefined;
  }

  #resize(size: number): void {
    this.#size = undefined;
    this.#ahead.forget();
    this.#handle.truncate(size);
    this.#size = size;
  }

  #writeWhole(bytes: Uint8Array, at: number): void {
    const before = this.#size;
    this.#size = undefined;
    this.#ahead.forget();
    writeWhole(this.#handle, bytes, at);
    if (before !== undefined) this.#size = Math.max(before, at + bytes.length);
  }
}
