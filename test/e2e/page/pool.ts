import { proxy, wrap } from "comlink";
import { poolDirectory } from "../../../src/database-directory.js";
import { rescueDatabase } from "../../../src/index.js";
import type { BitsReport, HeaderBitsWorker } from "./header-bits-worker.js";
import { isSame } from "./same-bytes.js";

const NAME_BYTES = 512;
/** Name, flags and digest. */
const HEADER_BYTES = 524;
const DATA_AT = 4096;

type Snapshot = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Where a file is cut off. */
const CUT_TO = {
  "cut off in the header": 300,
  "cut off behind the header": 4096,
  "cut off in the data": 5000,
  "cut off by a page": -4096,
} as const;

/** What happens to a file. */
export type Damage =
  | "header zeroed"
  | "second page overwritten"
  | "name and flags zeroed"
  | "header missing"
  | "headers swapped"
  | "emptied"
  | "removed"
  | keyof typeof CUT_TO;

interface PoolFile {
  readonly handle: FileSystemFileHandle;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The files of the database's pool, for tests that damage them. */
export class Pool {
  /** What {@link restore} puts back. */
  #original: Snapshot = new Map();
  /** What {@link changedFiles} compares with. */
  #snapshot: Snapshot = new Map();

  async takeOriginal(): Promise<void> {
    this.#original = await takeSnapshot();
  }

  async takeSnapshot(): Promise<void> {
    this.#snapshot = await takeSnapshot();
  }

  /** Puts every file back as it was. */
  async restore(): Promise<void> {
    const pool = await directory();
    const now = await takeSnapshot();
    for (const name of now.keys()) if (!this.#original.has(name)) await pool.removeEntry(name);
    for (const [name, before] of this.#original) {
      if (!isSame(before, now.get(name))) await write(await pool.getFileHandle(name, { create: true }), before);
    }
  }

  /** Flips a bit of the header of the file that has this name in the pool; "" is any that has none. */
  async flip(name: string, byte: number, bit: number): Promise<void> {
    const { handle, bytes } = await findFile(name);
    bytes[byte]! ^= 1 << bit;
    await write(handle, bytes);
  }

  /** What comes of each bit of a file's header, flipped one at a time. */
  async tryAllBits(name: string, texts: readonly string[]): Promise<BitsReport> {
    const worker = new Worker(new URL("./header-bits-worker.ts", import.meta.url), { type: "module" });
    const report = await wrap<HeaderBitsWorker>(worker).tryAll("chat.db", name, texts, proxy(rescueDatabase));
    worker.terminate();
    return report;
  }

  /** Changes the bytes of the file of this name. */
  async damage(name: string, how: Damage, other?: string): Promise<void> {
    const { handle, bytes } = await findFile(name);
    if (how === "header zeroed") await write(handle, bytes.fill(0, 0, HEADER_BYTES));
    else if (how === "name and flags zeroed") await write(handle, bytes.fill(0, 0, HEADER_BYTES - 8));
    else if (how === "second page overwritten") await write(handle, bytes.fill(0xa5, DATA_AT + 4096, DATA_AT + 8192));
    else if (how === "header missing") await write(handle, bytes.slice(DATA_AT));
    else if (how === "emptied") await write(handle, bytes.slice(0, 0));
    else if (how === "removed") await (await directory()).removeEntry(handle.name);
    else if (how === "headers swapped") await swapHeaders(await findFile(name), await findFile(other!));
    else await write(handle, bytes.slice(0, CUT_TO[how]));
  }

  /** Adds a file that is not of the package. */
  async addFile(size: number): Promise<void> {
    await write(await (await directory()).getFileHandle("foreign", { create: true }), new Uint8Array(size).fill(7));
  }

  /** The files whose data, after the header, are not those of the snapshot; those that are missing, too. */
  async changedFiles(): Promise<string[]> {
    const now = await takeSnapshot();
    const hasChanged = ([name, before]: [string, Uint8Array]) =>
      !isSame(before.subarray(DATA_AT), now.get(name)?.subarray(DATA_AT));
    return [...this.#snapshot].filter(hasChanged).map(([name]) => name);
  }

  /** Which of the files that hold data {@link rescueDatabase} does not give as they are. */
  async notRescued(): Promise<string[]> {
    const rescued = await Promise.all(
      (await rescueDatabase("chat.db")).map(async (file) => new Uint8Array(await file.arrayBuffer())),
    );
    const isRescued = ({ bytes }: PoolFile) =>
      rescued.some((found) => isSame(found, bytes) || isSame(found, bytes.subarray(DATA_AT)));
    const holding = (await readFiles()).filter(({ bytes }) => bytes.length > DATA_AT);
    return holding.filter((file) => !isRescued(file)).map(({ handle }) => handle.name);
  }

  /** The names that the headers give the files which hold data. */
  async names(): Promise<string[]> {
    return (await readFiles()).filter(({ bytes }) => bytes.length > DATA_AT).map(({ bytes }) => nameOf(bytes));
  }
}

async function takeSnapshot(): Promise<Snapshot> {
  return new Map((await readFiles()).map(({ handle, bytes }) => [handle.name, bytes]));
}

const directory = (): Promise<FileSystemDirectoryHandle> => poolDirectory("chat.db");

async function swapHeaders(one: PoolFile, other: PoolFile): Promise<void> {
  const header = one.bytes.slice(0, DATA_AT);
  one.bytes.set(other.bytes.subarray(0, DATA_AT));
  other.bytes.set(header);
  for (const { handle, bytes } of [one, other]) await write(handle, bytes);
}

async function readFiles(): Promise<PoolFile[]> {
  const files: PoolFile[] = [];
  for await (const handle of (await directory()).values()) {
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
