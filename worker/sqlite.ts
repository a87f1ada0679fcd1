import { ContextStoreError } from "../src/errors.js";
import sqlite3InitModule, { type Sqlite3Static } from "@sqlite.org/sqlite-wasm";

export type { Sqlite3Static };

declare global {
  // Read once by sqlite-wasm while it starts.
  var sqlite3ApiConfig: Record<string, unknown> | undefined;
}

let loading: Promise<Sqlite3Static> | undefined;

/** Loads and compiles SQLite, once in this worker. Rejects where `sqlite3.wasm` cannot be fetched or compiled. */
export function loadSqlite(): Promise<Sqlite3Static> {
  // One that failed, offline perhaps, may succeed the next time.
  loading ??= init().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function init(): Promise<Sqlite3Static> {
  globalThis.sqlite3ApiConfig = {
    // Only our own is used: starting the others costs a second worker and tens of milliseconds.
    disable: { vfs: { opfs: true, "opfs-wl": true, "opfs-sahpool": true, kvvfs: true } },
    error: () => {},
    warn: () => {},
    log: () => {},
    debug: () => {},
  };
  try {
    return await sqlite3InitModule();
  } catch (cause) {
    const message =
      "sqlite3.wasm could not be loaded. Check that it is served beside the worker file of axio-context-opfs, and that " +
      "the Content-Security-Policy allows WebAssembly (script-src 'wasm-unsafe-eval').";
    throw new ContextStoreError("worker-failed", message, { cause });
  }
}
