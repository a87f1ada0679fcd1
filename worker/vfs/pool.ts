import { ContextStoreError } from "../../src/errors.js";
import { poolDirectory } from "../opfs-directory.js";
import { nameIn } from "./header.js";
import { PoolFile, type SyncHandle } from "./pool-file.js";

/** Another worker still holds the pool's files. It passes; try again. */
export class PoolHeldError extends Error {}

/** All files of the pool have names. */
export class PoolFullError extends Error {}

/** Where a pool lies. */
export interface PoolPlace {
  /** The database's path. */
  readonly path: string;
  /** How many files there are to be; SQLite cannot wait for another one to be made. */
  readonly capacity: number;
  /** Whether to make the pool where there is none. */
  readonly create: boolean;
}

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
   * Takes all files of a pool. Rejects {@link PoolHeldError} while another worker holds any of them, `corrupt` when one
   * that holds data has lost its name, and `NotFoundError` when there are none and none are to be made. Nothing is
   * written into a pool that has its files.
   */
  static async open({ path, capacity, create }: PoolPlace): Promise<Pool> {
    const directory = await openDirectory(path, create);
    const names: string[] = [];
    for await (const name of directory.keys()) names.push(name);
    const isNew = names.length === 0;
    if (create) while (names.length < capacity) names.push(crypto.randomUUID());
    const files = await openFiles(names.map((name) => openFile(directory, name, create)));
    const pool = new Pool(directory, names[0]!);
    try {
      for (const [place, file] of files.entries())
        pool.#sort(file, isNew, `${names[place]} of ${JSON.stringify(path)}`);
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
  const message = `${problem} Nothing was changed; the file's bytes are still in the origin private file system.`;
  return new ContextStoreError("corrupt", message);
}

/** Asked for what is there first: on a full disk nothing can be made, also not what is there. */
async function openDirectory(path: string, create: boolean): Promise<FileSystemDirectoryHandle> {
  try {
    return await poolDirectory(path);
  } catch (error) {
    if (!create || !(error instanceof DOMException) || error.name !== "NotFoundError") throw error;
    return poolDirectory(path, { create });
  }
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
