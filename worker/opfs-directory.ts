const ROOT = "axio-context-opfs";

/** The pool keeps its files in this folder of a database's directory, under random names. */
const POOL = ".opaque";

/** Each pool file begins with a header of this size; the database's bytes follow. */
export const HEADER_BYTES = 4096;

/** The directory of a database, as a path from the origin's root. One flat name per path, so that none is inside another. */
export function directoryOf(path: string): string {
  return `${ROOT}/${path.replace(/[%/:*?"<>|]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`)}`;
}

/**
 * The folder of the pool's files of the database at `path`. Rejects `NotFoundError` where there is no such database,
 * unless it is to be made.
 */
export async function poolDirectory(path: string, { create = false } = {}): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory();
  for (const name of [...directoryOf(path).split("/"), POOL])
    directory = await directory.getDirectoryHandle(name, { create });
  return directory;
}

/** The pool's files of the database at `path`; none where there is no such database. */
export async function poolFiles(path: string): Promise<File[]> {
  try {
    const directory = await poolDirectory(path);
    const files: File[] = [];
    for await (const handle of directory.values()) {
      if (handle.kind === "file") files.push(await handle.getFile());
    }
    return files;
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return [];
    throw error;
  }
}
