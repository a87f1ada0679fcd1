import { loadSqlite } from "../sqlite/load.js";
import { MemoryHandle } from "../vfs/memory-handle.js";
import { PoolFile } from "../vfs/pool-file.js";
import { Pool } from "../vfs/pool.js";
import { CAPACITY, openPoolStorage } from "./pool-storage.js";
import type { Storage } from "./storage.js";

/** Files for a database in the worker's memory. */
export function memoryFiles(): PoolFile[] {
  return Array.from({ length: CAPACITY }, (_, place) => new PoolFile(new MemoryHandle(), `number ${place}`));
}

/** A database in the worker's memory: gone with the page. Only ever opened when asked for. */
export async function openMemoryStorage(files: readonly PoolFile[] = memoryFiles()): Promise<Storage> {
  const pool = new Pool(files, () => Promise.resolve(true));
  return openPoolStorage(await loadSqlite(), pool, { path: "memory", create: true });
}
