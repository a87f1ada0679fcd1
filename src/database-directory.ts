/** All databases of the origin lie in this folder. */
export const ROOT = "axio-context-opfs";

/** A database's directory keeps its files in this folder, under random names. */
const POOL = ".opaque";

/** Each of these files begins with a header of this size; what SQLite wrote follows. The format of `opfs-sahpool`. */
export const HEADER_BYTES = 4096;

/** The name of a database's directory. One flat name per path, so that none is inside another. */
export function directoryName(path: string): string {
  return path.replace(/[%/:*?"<>|]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The directory of the database at `path`. Rejects `NotFoundError` where it is not, unless it is to be made. */
export async function databaseDirectory(path: string, create = false): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory();
  for (const name of [ROOT, directoryName(path)]) directory = await directory.getDirectoryHandle(name, { create });
  return directory;
}

/** The folder in it where its files are. */
export async function poolDirectory(path: string, create = false): Promise<FileSystemDirectoryHandle> {
  return (await databaseDirectory(path, create)).getDirectoryHandle(POOL, { create });
}

/** The lock that whoever owns the database holds. */
export function ownerLock(path: string): string {
  return `axio-context-opfs:${path}`;
}
