/** At the beginning of a file of the pool stands which file of the database it is. */
const NAME_BYTES = 512;
const SEARCH_INDEX = "/search.sqlite";

/** Bytes that the origin has on the disk, and how many of them are our search index. */
export async function usedBytes(): Promise<{ readonly all: number; readonly searchIndex: number }> {
  const { usage = 0 } = await navigator.storage.estimate();
  return { all: usage, searchIndex: await searchIndexBytes(await navigator.storage.getDirectory()) };
}

async function searchIndexBytes(directory: FileSystemDirectoryHandle): Promise<number> {
  let sum = 0;
  for await (const handle of directory.values()) {
    if (handle.kind === "directory") sum += await searchIndexBytes(handle);
    else {
      const file = await handle.getFile();
      if ((await file.slice(0, NAME_BYTES).text()).startsWith(SEARCH_INDEX)) sum += file.size;
    }
  }
  return sum;
}
