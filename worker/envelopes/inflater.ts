import { wasm } from "../assembly/inflate.ts?wasm";
import { decodeBase64 } from "./base64.js";

/** What the WebAssembly offers; see there. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly FREE: WebAssembly.Global<"i32">;
  readonly DAMAGED: WebAssembly.Global<"i32">;
  readonly TRUNCATED: WebAssembly.Global<"i32">;
  inflate(from: number, end: number, to: number, capacity: number, most: number): number;
  consumed(): number;
  crc32(from: number, end: number): number;
}

/** A stream of the data, and what has become of it. */
interface Stream {
  readonly from: number;
  readonly length: number;
  /** Behind its last byte. */
  readonly end: number;
  readonly isWritten: boolean;
}

/** What follows the data, for the WebAssembly to read beyond its end. */
const ZEROS = 32;

const PAGE_BYTES = 64 * 1024;

/** More memory than this is not kept. */
const KEPT_BYTES = 4 * 1024 * 1024;

let module: WebAssembly.Module | undefined;
let instance: Exports | undefined;

/** Reads the deflate streams in `data`, one after the other. One at a time: their memory is the same. */
export class Inflater {
  readonly #wasm: Exports = (instance ??= instantiate());
  readonly #data: number = this.#wasm.FREE.value;
  readonly #dataEnd: number;
  readonly #out: number;
  #length = 0;

  constructor(data: Uint8Array) {
    this.#dataEnd = this.#data + data.length;
    this.#out = this.#dataEnd + ZEROS;
    this.#reserve(0);
    this.#bytes(this.#data, this.#out).fill(0, data.length);
    this.#bytes(this.#data, this.#dataEnd).set(data);
  }

  /** What the streams that were kept hold. The next reader overwrites it. */
  get output(): Uint8Array {
    return this.#bytes(this.#out, this.#out + this.#length);
  }

  /**
   * Reads the stream that begins at byte `from`. What it holds is written, if it is no more than `hint` bytes; otherwise
   * it is counted only, and not even that beyond `limit`: then there is nothing to give.
   *
   * @throws Error when the stream is damaged or ends too early.
   */
  read(from: number, hint: number, limit: number): Stream | undefined {
    const { DAMAGED, TRUNCATED } = this.#wasm;
    const length = this.#inflate(from, hint, limit);
    if (length === DAMAGED.value) throw new Error("the gzip data is damaged");
    if (length === TRUNCATED.value) throw truncated();
    if (length > limit) return undefined;
    return { from, length, end: from + this.#wasm.consumed(), isWritten: length <= hint };
  }

  /** Adds what the stream that was read last holds to the output, and gives its checksum. */
  keep({ from, length, isWritten }: Stream): number {
    if (!isWritten) this.#inflate(from, length, length);
    const begin = this.#out + this.#length;
    this.#length += length;
    return this.#wasm.crc32(begin, begin + length) >>> 0;
  }

  /** What was read stays as long as it is used. */
  close(): void {
    if (this.#wasm.memory.buffer.byteLength > KEPT_BYTES) instance = undefined;
  }

  #inflate(from: number, capacity: number, limit: number): number {
    this.#reserve(capacity);
    return this.#wasm.inflate(this.#data + from, this.#dataEnd, this.#out + this.#length, capacity, limit);
  }

  #bytes(from: number, end: number): Uint8Array {
    return new Uint8Array(this.#wasm.memory.buffer, from, end - from);
  }

  /** Room for so much more output. */
  #reserve(bytes: number): void {
    const { memory } = this.#wasm;
    const lacking = this.#out + this.#length + bytes - memory.buffer.byteLength;
    if (lacking > 0) memory.grow(Math.ceil(lacking / PAGE_BYTES));
  }
}

/** For data that ends before it is complete. */
export function truncated(): Error {
  return new Error("the gzip data ends too early");
}

function instantiate(): Exports {
  module ??= new WebAssembly.Module(Uint8Array.from(decodeBase64(wasm)));
  return new WebAssembly.Instance(module).exports as unknown as Exports;
}
