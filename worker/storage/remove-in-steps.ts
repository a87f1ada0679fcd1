import type { Steps } from "../slices.js";
import type { Pool } from "../vfs/pool.js";

/** A file system takes so much of a file away in some milliseconds. */
const CUT_BYTES = 16 * 1024 * 1024;

/** Removes a file of the pool, if it is there: a part of a large one in each step. */
export function* removeInSteps(pool: Pool, name: string): Steps<void> {
  for (let file; (file = pool.get(name)) && file.size() > CUT_BYTES; yield) file.truncate(file.size() - CUT_BYTES);
  pool.remove(name);
  yield;
}
