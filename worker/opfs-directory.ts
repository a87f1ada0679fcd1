import { poolDirectory } from "../src/database-directory.js";

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
