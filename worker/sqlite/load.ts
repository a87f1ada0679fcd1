import { ContextStoreError } from "../../src/errors.js";
import type { Exports } from "./exports.js";
import { Sqlite } from "./sqlite.js";
import { surroundings } from "./surroundings.js";
// The build ships it beside the worker, as "sqlite3.wasm".
import wasmUrl from "@sqlite.org/sqlite-wasm/sqlite3.wasm?url";

/** In pages of 64 KiB, as the module was linked: 8 MiB, which may grow to 2 GiB. */
const MEMORY = { initial: 128, maximum: 32_768 };

let loading: Promise<Sqlite> | undefined;

/** Loads and compiles SQLite, once in this worker. Rejects where `sqlite3.wasm` cannot be fetched or compiled. */
export function loadSqlite(): Promise<Sqlite> {
  // One that failed, offline perhaps, may succeed the next time.
  loading ??= load().catch((cause: unknown) => {
    loading = undefined;
    const message =
      "sqlite3.wasm could not be loaded. Check that it is served beside the worker file of axio-context-opfs, and that " +
      "the Content-Security-Policy allows to fetch it (connect-src 'self') and to run WebAssembly (script-src " +
      "'wasm-unsafe-eval').";
    throw new ContextStoreError("worker-failed", message, { cause });
  });
  return loading;
}

async function load(): Promise<Sqlite> {
  const memory = new WebAssembly.Memory(MEMORY);
  const module = await compile(wasmUrl);
  const { exports } = await WebAssembly.instantiate(module, surroundings(module, memory));
  return new Sqlite(exports as unknown as Exports, memory);
}

async function compile(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  // Compiled while it is downloaded, where the server says what it is: in these words alone, or browsers refuse.
  const isNamed = response.headers.get("content-type") === "application/wasm";
  return isNamed ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}
