import type { SyncHandle } from "./pool-file.js";

/** A file in the worker's memory. */
export class MemoryHandle implements SyncHandle {
  /** All zero behind `#size`. */
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;

  read(into: Uint8Array, { at }: { readonly at: number }): number {
    const found = this.#bytes.subarray(at, Math.min(at + into.length, this.#size));
    into.set(found);
    return found.length;
  }

  write(bytes: Uint8Array, { at }: { readonly at: number }): number {
    const end = at + bytes.length;
    if (end > this.#bytes.length) this.#move(Math.max(end, 2 * this.#bytes.length));
    this.#bytes.set(bytes, at);
    this.#size = Math.max(this.#size, end);
    return bytes.length;
  }

  getSize(): number {
    return this.#size;
  }

  truncate(size: number): void {
    this.#size = Math.min(this.#size, size);
    this.#move(size);
    this.#size = size;
  }

  flush(): void {}

  close(): void {}

  #move(capacity: number): void {
    const bytes = new Uint8Array(capacity);
    bytes.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = bytes;
  }
}
