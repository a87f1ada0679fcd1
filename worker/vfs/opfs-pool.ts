import { poolDirectory } from "../../src/database-directory.js";
import { openHandle, PoolFile } from "./pool-file.js";
import { Pool } from "./pool.js";
import { together } from "./together.js";

/** Another worker still holds the pool's files. It passes; try again. */
export class PoolHeldError extends Error {}

/** Where the files of a database are. To look for them is most of what opening them takes, and can be done before. */
export interface FoundPool {
  readonly path: string;
  readonly directory: FileSystemDirectoryHandle;
  readonly files: ReadonlyMap<string, FileSystemFileHandle>;
}

/** Looks for the pool of the database at `path`, if there is one. Opens nothing. */
export async function findPool(path: string): Promise<FoundPool | undefined> {
  try {
    return await look(path, await poolDirectory(path));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Takes all files of a pool that was found; nothing, where they are not those that are there by now. Rejects
 * {@link PoolHeldError} while another worker holds any of them, and `corrupt` when one that holds data has lost its name.
 * There are at least `capacity` files afterwards; nothing is written into a pool that has them.
 */
export async function takePool(found: FoundPool, capacity: number): Promise<Pool | undefined> {
  try {
    const [now, files] = await together(
      look(found.path, found.directory),
      openFiles(found.path, [...found.files]),
      closeAll,
    );
    // Of a database that was made anew, or to which a later version has added a file.
    const isSame = now.files.size === files.length && [...now.files.keys()].every((name) => found.files.has(name));
    if (isSame) return await asPool(found, files, capacity);
    closeAll(files);
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Takes the pool of the database at `path` as it is now, or makes it. As {@link takePool}. */
export async function createPool(path: string, capacity: number): Promise<Pool> {
  const directory = await poolDirectory(path, true);
  for (;;) {
    const pool = await takePool(await look(path, directory), capacity);
    if (pool) return pool;
  }
}

async function look(path: string, directory: FileSystemDirectoryHandle): Promise<FoundPool> {
  const files = new Map<string, FileSystemFileHandle>();
  for await (const handle of directory.values()) if (handle.kind === "file") files.set(handle.name, handle);
  return { path, directory, files };
}

/** Adds what is missing to the files. They are closed when this rejects. */
async function asPool({ path, directory, files: found }: FoundPool, files: PoolFile[], capacity: number) {
  try {
    const names = [...found.keys()];
    while (names.length < capacity) names.push(crypto.randomUUID());
    const added = await Promise.all(
      names
        .slice(files.length)
        .map(async (name) => [name, await directory.getFileHandle(name, { create: true })] as const),
    );
    for (const file of await openFiles(path, added)) {
      files.push(file);
      file.reserve();
    }
    // By a random name: after the site's data was cleared, another tab may have made a new database in a directory of
    // the same name.
    const witness = names[0]!;
    return new Pool(files, () =>
      directory.getFileHandle(witness).then(
        () => true,
        () => false,
      ),
    );
  } catch (error) {
    closeAll(files);
    throw error;
  }
}

/** All, or none: what was opened is closed again before this rejects. */
async function openFiles(
  path: string,
  found: readonly (readonly [string, FileSystemFileHandle])[],
): Promise<PoolFile[]> {
  const opened = await Promise.allSettled(
    found.map(async ([name, handle]) => {
      const label = `${name} of ${JSON.stringify(path)}`;
      return new PoolFile(await openHandle(handle), label);
    }),
  );
  const failed = opened.filter((result) => result.status === "rejected");
  const files = opened.filter((result) => result.status === "fulfilled").map(({ value }) => value);
  if (failed.length === 0) return files;
  closeAll(files);
  const cause: unknown = failed[0]!.reason;
  if (cause instanceof DOMException && cause.name === "NoModificationAllowedError")
    throw new PoolHeldError("held", { cause });
  throw cause;
}

function closeAll(files: readonly PoolFile[]): void {
  for (const file of files) file.close();
}

function isNotFound(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotFoundError";
}
