const NAME_BYTES = 512;
/** Name, flags and digest. */
const HEADER_BYTES = 524;
const DATA_AT = 4096;

interface PoolFile {
  readonly handle: FileSystemFileHandle;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The files of the database's pool, for tests that damage them. */
export class Pool {
  #snapshot = new Map<string, Uint8Array<ArrayBuffer>>();

  async takeSnapshot(): Promise<void> {
    this.#snapshot = new Map((await readFiles()).map(({ handle, bytes }) => [handle.name, bytes]));
  }

  /** Puts every file back as it was. */
  async restore(): Promise<void> {
    for (const { handle, bytes } of await readFiles()) {
      const before = this.#snapshot.get(handle.name)!;
      if (!isEqual(bytes, before)) await write(handle, before);
    }
  }

  /** Flips a bit of the header of the file that has this name in the pool; "" is any that has none. */
  async flip(name: string, byte: number, bit: number): Promise<void> {
    const { handle, bytes } = await findFile(name);
    bytes[byte]! ^= 1 << bit;
    await write(handle, bytes);
  }

  /** Makes a free file look like one with data that was about to be removed. */
  async cutRemovalShort(digestIsCleared: boolean): Promise<void> {
    const { handle } = await findFile("");
    const bytes = new Uint8Array(DATA_AT + 8192).fill(7, DATA_AT);
    if (!digestIsCleared) bytes.fill(7, HEADER_BYTES - 8, HEADER_BYTES);
    await write(handle, bytes);
  }

  /** The files whose data, after the header, are not those of the snapshot. */
  async changedFiles(): Promise<string[]> {
    const files = await readFiles();
    return files
      .filter(({ handle, bytes }) => {
        return !isEqual(bytes.subarray(DATA_AT), this.#snapshot.get(handle.name)!.subarray(DATA_AT));
      })
      .map(({ handle }) => handle.name);
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

async function readFiles(): Promise<PoolFile[]> {
  let directory = await navigator.storage.getDirectory();
  for (const name of ["axio-context-opfs", "chat.db", ".opaque"]) directory = await directory.getDirectoryHandle(name);
  const files: PoolFile[] = [];
  for await (const handle of directory.values()) {
    if (!(handle instanceof FileSystemFileHandle)) continue;
    const file = await handle.getFile();
    files.push({ handle, bytes: new Uint8Array(await file.arrayBuffer()) });
  }
  return files;
}

async function findFile(name: string): Promise<PoolFile> {
  const files = await readFiles();
  return files.find(({ bytes }) => nameOf(bytes) === name)!;
}

function nameOf(bytes: Uint8Array): string {
  const name = bytes.subarray(0, NAME_BYTES);
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}

async function write(handle: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const writable = await handle.createWritable();
  await writable.write(bytes);
  await writable.close();
}
