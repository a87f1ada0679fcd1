import { ContextStoreError } from "../../src/errors.js";
import { poolDirectory } from "../../src/database-directory.js";
import { nameIn } from "./header.js";
import { PoolFile, type SyncHandle } from "./pool-file.js";

/** Another worker still holds the pool's files. It passes; try again. */
export class PoolHeldError extends Error {}

/** All files of the pool have names. */
export class PoolFullError extends Error {}

/**
 * The files of one database: opened once, for this worker alone, and used under the names that SQLite gives them. So all
 * that SQLite does with them is synchronous.
 */
export class Pool {
  readonly #directory: FileSystemDirectoryHandle;
  /** The name in the directory of one of the files. */
  readonly #witness: string;
  readonly #named = new Map<string, PoolFile>();
  readonly #free: PoolFile[] = [];

  private constructor(directory: FileSystemDirectoryHandle, witness: string) {
    this.#directory = directory;
    this.#witness = witness;
  }

  /**
   * Takes all files of the pool of the database at `path`, if there is one. Rejects {@link PoolHeldError} while another
   * worker holds any of them, and `corrupt` when one that holds data has lost its name. There are at least `capacity`
   * files, since SQLite cannot wait for another one to be made; nothing is written into a pool that has them.
   */
  static async open(path: string, capacity: number): Promise<Pool | undefined> {
    try {
      return await Pool.#take(path, await poolDirectory(path), capacity);
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
      throw error;
    }
  }

  /** As {@link Pool.open}; makes the pool where there is none. */
  static async create(path: string, capacity: number): Promise<Pool> {
    return Pool.#take(path, await poolDirectory(path, true), capacity);
  }

  static async #take(path: string, directory: FileSystemDirectoryHandle, capacity: number): Promise<Pool> {
    const names: string[] = [];
    for await (const name of directory.keys()) names.push(name);
    const there = names.length;
    while (names.length < capacity) names.push(crypto.randomUUID());
    const files = await openFiles(names.map((name, place) => openFile(directory, name, place >= there)));
    const pool = new Pool(directory, names[0]!);
    try {
      for (const [place, file] of files.entries())
        pool.#sort(file, place >= there, `${names[place]} of ${JSON.stringify(path)}`);
      return pool;
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
  }

  get names(): readonly string[] {
    return [...this.#named.keys()];
  }

  /** Throws {@link PoolFullError} when no file is left for a new one. `flags` are SQLite's. */
  create(name: string, flags: number): PoolFile {
    const file = this.#free.at(-1);
    if (file === undefined) {
      throw new PoolFullError(`all ${this.#named.size} files of the database are in use: ${this.names.join(", ")}`);
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

  /**
   * Whether the files are still those of the origin. By a random name: after the site's data was cleared, another tab
   * may have made a new database in a directory of the same name.
   */
  exists(): Promise<boolean> {
    return this.#directory.getFileHandle(this.#witness).then(
      () => true,
      () => false,
    );
  }

  /** Lets go of all files. */
  close(): void {
    for (const file of [...this.#named.values(), ...this.#free]) file.close();
    this.#named.clear();
    this.#free.length = 0;
  }

  #sort(file: PoolFile, isNew: boolean, what: string): void {
    if (isNew) file.reserve();
    const name = isNew ? "" : nameIn(file.header(), file.wholeSize());
    if (name === "") this.#free.push(file);
    else if (name === undefined) throw damaged(`The file ${what} has a damaged header.`);
    else if (this.#named.has(name)) throw damaged(`The file ${what} is there twice.`);
    else this.#named.set(name, file);
  }
}

function damaged(problem: string): ContextStoreError {
  const message = `${problem} Nothing was changed; rescueDatabase() gives the bytes that are there.`;
  return new ContextStoreError("corrupt", message);
}

async function openFile(directory: FileSystemDirectoryHandle, name: string, create: boolean): Promise<PoolFile> {
  const handle = (await directory.getFileHandle(name, { create })) as FileSystemFileHandle & {
    createSyncAccessHandle(): Promise<SyncHandle>;
  };
  return new PoolFile(await handle.createSyncAccessHandle());
}

/** All, or none: what was opened is closed again before this rejects. */
async function openFiles(opening: readonly Promise<PoolFile>[]): Promise<PoolFile[]> {
  const opened = await Promise.allSettled(opening);
  const failed = opened.filter((result) => result.status === "rejected");
  const files = opened.filter((result) => result.status === "fulfilled").map(({ value }) => value);
  if (failed.length === 0) return files;
  for (const file of files) file.close();
  const cause: unknown = failed[0]!.reason;
  if (cause instanceof DOMException && cause.name === "NoModificationAllowedError")
    throw new PoolHeldError("held", { cause });
  throw cause;
}
