import { ContextStoreError } from "../../src/errors.js";
import { nameIn } from "./header.js";
import type { PoolFile } from "./pool-file.js";

/**
 * The files of one database: opened once, for this worker alone, and used under the names that SQLite gives them. So all
 * that SQLite does with them is synchronous.
 */
export class Pool {
  /** Whether the files are still those of the origin. */
  readonly exists: () => Promise<boolean>;
  readonly #named = new Map<string, PoolFile>();
  readonly #free: PoolFile[] = [];

  /**
   * Of files that are open, as many as will ever be needed, since SQLite cannot wait for another one to be made.
   * `exists`: whether they are still where they were opened. Throws `corrupt` when one that holds data has lost its
   * name; nothing is written.
   */
  constructor(files: readonly PoolFile[], exists: () => Promise<boolean>) {
    this.exists = exists;
    for (const file of files) this.#sort(file);
  }

  get names(): readonly string[] {
    return [...this.#named.keys()];
  }

  /** Throws when no file is left for a new one. `flags` are SQLite's. */
  create(name: string, flags: number): PoolFile {
    const file = this.#free.at(-1);
    if (file === undefined) {
      throw new Error(`all ${this.#named.size} files of the database are in use: ${this.names.join(", ")}`);
    }
    file.claim(name, flags);
    this.#free.pop();
    this.#named.set(name, file);
    return file;
  }

  get(name: string): PoolFile | undefined {
    return this.#named.get(name);
  }

  /** Deletes the file of that name, if there is one. */
  remove(name: string): void {
    const file = this.#named.get(name);
    if (file === undefined) return;
    file.free();
    this.#named.delete(name);
    this.#free.push(file);
  }

  /** Lets go of all files. */
  close(): void {
    for (const file of [...this.#named.values(), ...this.#free]) file.close();
    this.#named.clear();
    this.#free.length = 0;
  }

  #sort(file: PoolFile): void {
    const name = nameIn(file.header(), file.wholeSize());
    if (name === undefined) throw damaged(`The file ${file.label} has a damaged header.`);
    const twin = this.#named.get(name);
    // Before a version that flushed it, the name of a removed file could outlive a power failure.
    if (name === "" || (twin && file.size() === 0)) this.#free.push(file);
    else if (!twin) this.#named.set(name, file);
    else if (twin.size() > 0) throw damaged(`The file ${file.label} is there twice.`);
    else {
      this.#free.push(twin);
      this.#named.set(name, file);
    }
  }
}

function damaged(problem: string): ContextStoreError {
  const message = `${problem} Nothing was changed; rescueDatabase() gives the bytes that are there.`;
  return new ContextStoreError("corrupt", message);
}
