import { type Exports, OPEN_CREATE, OPEN_READWRITE, type Pointer } from "./exports.js";

/** In UTF-16 units. So little takes less time to write than the engine's encoder to be called. */
const SHORT = 64;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What SQLite refused, with its result code: https://www.sqlite.org/rescode.html */
export class SqliteError extends Error {
  override readonly name = "SqliteError" as const;
  readonly resultCode: number;

  constructor(resultCode: number, message: string) {
    super(message);
    this.resultCode = resultCode;
  }
}

/** SQLite in its memory: values in and out of it, and what is done with C's pointers alone. */
export class Sqlite {
  readonly c: Exports;
  readonly #memory: WebAssembly.Memory;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;

  constructor(exports: Exports, memory: WebAssembly.Memory) {
    this.c = exports;
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    exports.__wasm_call_ctors();
    this.check(exports.sqlite3_initialize());
  }

  /** All of the memory, until it grows: never kept over a call of C. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.buffer !== this.#memory.buffer) this.#bytes = new Uint8Array(this.#memory.buffer);
    return this.#bytes;
  }

  get view(): DataView {
    if (this.#view.buffer !== this.#memory.buffer) this.#view = new DataView(this.#memory.buffer);
    return this.#view;
  }

  /** Memory of its own; zero. To be given to `sqlite3_free`. */
  allocate(bytes: number): Pointer {
    const pointer = this.c.sqlite3_malloc(bytes);
    if (pointer === 0) throw new SqliteError(7, "out of memory");
    this.bytes.fill(0, pointer, pointer + bytes);
    return pointer;
  }

  /** The text as C has it, with a zero behind. To be given to `sqlite3_free`. */
  newText(text: string): Pointer {
    const bytes = encoder.encode(text);
    const pointer = this.allocate(bytes.length + 1);
    this.bytes.set(bytes, pointer);
    return pointer;
  }

  /** The same while `work` runs. */
  withText<Result>(text: string, work: (pointer: Pointer) => Result): Result {
    const pointer = this.newText(text);
    try {
      return work(pointer);
    } finally {
      this.c.sqlite3_free(pointer);
    }
  }

  /** Writes the text's UTF-8 bytes, for which there is room, and tells how many they are. */
  write(text: string, at: Pointer): number {
    const { bytes } = this;
    if (text.length <= SHORT && writeAscii(text, bytes, at)) return text.length;
    return encoder.encodeInto(text, bytes.subarray(at)).written;
  }

  text(at: Pointer, bytes: number): string {
    return decoder.decode(this.bytes.subarray(at, at + bytes));
  }

  /** A text that ends with a zero. */
  textAt(at: Pointer): string {
    return at === 0 ? "" : this.text(at, this.bytes.indexOf(0, at) - at);
  }

  /** Lets a C function write a pointer where it is told to; `work` is given that, and what was written. */
  withResult<Result>(call: (at: Pointer) => number, work: (code: number, result: Pointer) => Result): Result {
    const at = this.allocate(8);
    try {
      const code = call(at);
      return work(code, this.view.getUint32(at, true));
    } finally {
      this.c.sqlite3_free(at);
    }
  }

  /** Throws what a result code says, if it is one of a failure. */
  check(code: number, db: Pointer = 0): void {
    if (code === 0) return;
    throw new SqliteError(code, this.textAt(db === 0 ? this.c.sqlite3_errstr(code) : this.c.sqlite3_errmsg(db)));
  }

  /** Opens a database. `flags`: "c" makes it where it is not there, "w" does not. `vfs`: a name. */
  open(name: string, flags: "c" | "w", vfs: string): Pointer {
    const mode = OPEN_READWRITE | (flags === "c" ? OPEN_CREATE : 0);
    const open = (at: Pointer) =>
      this.withText(name, (filename) =>
        this.withText(vfs, (vfsName) => this.c.sqlite3_open_v2(filename, at, mode, vfsName)),
      );
    return this.withResult(open, (code, db) => {
      try {
        this.check(code, db);
      } catch (error) {
        this.c.sqlite3_close_v2(db);
        throw error;
      }
      this.c.sqlite3_extended_result_codes(db, 1);
      return db;
    });
  }
}

/** Gives up at what is not ASCII. */
function writeAscii(text: string, bytes: Uint8Array, at: number): boolean {
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code > 127) return false;
    bytes[at + place] = code;
  }
  return true;
}
