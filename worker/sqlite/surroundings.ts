// What SQLite's C code asks of the system around it. Emscripten, which compiled it, answers with a file system in memory;
// nothing in this package keeps files there: all that SQLite opens lies in a pool. All that is read of it is /dev/urandom,
// once, to seed SQLite's random numbers. So that, the clock and the memory are all that there is; everything else is
// answered "not supported".

const NO_ENTRY = 44;
const NOT_SUPPORTED = 52;
/** Not one of the standard streams: SQLite would close it and take another. */
const DESCRIPTOR = 3;

const PAGE_BYTES = 65_536;
const MAX_BYTES = 2 ** 31;

type Imports = Record<string, (...values: number[]) => number | bigint | void>;

/** All that the module imports. */
export function surroundings(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Imports {
  const known = { ...clock(memory), ...growth(memory), ...randomSeed(memory) };
  const env: Record<string, WebAssembly.ImportValue> = { memory };
  const wasi: Record<string, WebAssembly.ImportValue> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== "function") continue;
    // System calls answer a negative error number, WASI's functions a positive one.
    if (from === "env") env[name] = known[name] ?? (() => -NOT_SUPPORTED);
    else wasi[name] = known[name] ?? (() => NOT_SUPPORTED);
  }
  return { env, wasi_snapshot_preview1: wasi };
}

function clock(memory: WebAssembly.Memory): Imports {
  return {
    emscripten_date_now: () => Date.now(),
    emscripten_get_now: () => performance.now(),
    clock_time_get(id, _precision, result) {
      const ms = id === 0 ? Date.now() : performance.now();
      new DataView(memory.buffer).setBigUint64(result, BigInt(Math.round(ms * 1e6)), true);
      return 0;
    },
  };
}

function growth(memory: WebAssembly.Memory): Imports {
  return {
    emscripten_get_heap_max: () => MAX_BYTES,
    /** By a fifth at least, so that what grows steadily is not copied at every step. */
    emscripten_resize_heap(wanted) {
      const now = memory.buffer.byteLength;
      const size = Math.min(Math.max(wanted >>> 0, now * 1.2), MAX_BYTES);
      try {
        memory.grow(Math.ceil((size - now) / PAGE_BYTES));
        return 1;
      } catch {
        // SQLite answers "out of memory".
        return 0;
      }
    },
  };
}

function randomSeed(memory: WebAssembly.Memory): Imports {
  const isRandom = (path: number) => {
    const name = new Uint8Array(memory.buffer, path, 13);
    return String.fromCharCode(...name) === "/dev/urandom\0";
  };
  return {
    __syscall_openat: (_directory, path) => (isRandom(path) ? DESCRIPTOR : -NO_ENTRY),
    __syscall_fcntl64: () => 0,
    fd_close: () => 0,
    fd_read(_descriptor, vectors, count, result) {
      const view = new DataView(memory.buffer);
      let total = 0;
      for (let at = vectors; at < vectors + 8 * count; at += 8) {
        const bytes = new Uint8Array(memory.buffer, view.getUint32(at, true), view.getUint32(at + 4, true));
        total += crypto.getRandomValues(bytes).length;
      }
      view.setUint32(result, total, true);
      return 0;
    },
    environ_sizes_get(count, size) {
      const view = new DataView(memory.buffer);
      for (const at of [count, size]) view.setUint32(at, 0, true);
      return 0;
    },
    environ_get: () => 0,
  };
}
