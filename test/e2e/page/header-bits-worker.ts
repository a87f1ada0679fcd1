import { expose } from "comlink";
import { HEADER_BYTES, poolDirectory } from "../../../src/database-directory.js";
import { isContextStoreError } from "../../../src/index.js";
import type { MessageRow } from "../../../src/operations.js";
import { unseal } from "../../../worker/envelopes/envelope.js";
import type { OwnerRequest } from "../../../worker/requests.js";
import { openAsOwner } from "../../../worker/owner/ownership.js";
import { HEADER_USED_BYTES, nameIn } from "../../../worker/vfs/header.js";
import { openHandle } from "../../../worker/vfs/pool-file.js";
import { isSame } from "./same-bytes.js";

// Opens a database as its owner does, thousands of times, with another bit of a header flipped each time. A worker that
// connect() starts for each of them would take most of the time.

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** How often each code came of it; "none" where the database opened. */
export interface BitsReport {
  readonly codes: Readonly<Record<string, number>>;
  /** What must not be, in words. */
  readonly wrong: readonly string[];
}

const session = { dbName: "axio_context", project: location.origin, sessionId: "session" };
const read: OwnerRequest = {
  seq: 1,
  name: "messages",
  args: { session, range: {} },
  terms: { full: false, busyTimeout: 0 },
};

const api = {
  /**
   * Every bit of the header of the file that has this name in the pool; "" is any that has none. `rescue` is
   * `rescueDatabase` of the page, `expected` what is to be read.
   */
  async tryAll(
    path: string,
    name: string,
    expected: readonly string[],
    rescue: (path: string) => Promise<readonly File[]>,
  ): Promise<BitsReport> {
    const directory = await poolDirectory(path);
    const original = await readAll(directory);
    const [file, bytes] = [...original].find(([, content]) => nameIn(content, content.length) === name)!;
    const codes: Record<string, number> = {};
    const wrong: string[] = [];
    for (let place = 0; place < HEADER_USED_BYTES * 8; place++) {
      const flipped = bytes.slice();
      flipped[place >> 3]! ^= 1 << (place & 7);
      await write(directory, file, flipped);
      const { code, texts } = await open(path);
      codes[code] = (codes[code] ?? 0) + 1;
      const now = await readAll(directory);
      const isRight =
        code === "none"
          ? JSON.stringify(texts) === JSON.stringify(expected)
          : code === "corrupt" &&
            isEqual(now, new Map([...original, [file, flipped]])) &&
            (await isRescued(await rescue(path), now));
      if (!isRight) wrong.push(`byte ${place >> 3}, bit ${place & 7}: ${code} ${JSON.stringify(texts)}`);
      await restore(directory, original, now);
    }
    return { codes, wrong };
  },
};

export type HeaderBitsWorker = typeof api;

async function open(path: string): Promise<{ readonly code: string; readonly texts: readonly string[] }> {
  const conditions = {
    patience: 5000,
    signal: new AbortController().signal,
    found: undefined,
    predecessor: async () => {},
  };
  const events = {
    lost: () => {},
    committed: () => {},
    progress: () => {},
    findBroker: () => Promise.resolve(undefined),
  };
  try {
    const owner = await openAsOwner(path, { inBackground: false }, conditions, events);
    const [reply] = await owner.run({ client: "client", unanswered: [], requests: [read] });
    const rows = reply!.ok ? (reply!.value as readonly MessageRow<string>[]) : [];
    await owner.close();
    const contents = rows.map(({ content }) => JSON.parse(unseal(content)) as readonly { readonly text: string }[]);
    return { code: "none", texts: contents.flat().map(({ text }) => text) };
  } catch (error) {
    return { code: isContextStoreError(error) ? error.code : String(error), texts: [] };
  }
}

async function readAll(directory: FileSystemDirectoryHandle): Promise<Files> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const file of directory.values()) {
    if (!(file instanceof FileSystemFileHandle)) continue;
    const handle = await openHandle(file);
    const bytes = new Uint8Array(handle.getSize());
    handle.read(bytes, { at: 0 });
    handle.close();
    files.set(file.name, bytes);
  }
  return files;
}

async function write(directory: FileSystemDirectoryHandle, name: string, bytes: Uint8Array): Promise<void> {
  const handle = await openHandle(await directory.getFileHandle(name, { create: true }));
  handle.truncate(bytes.length);
  handle.write(bytes, { at: 0 });
  handle.close();
}

async function restore(directory: FileSystemDirectoryHandle, original: Files, now: Files): Promise<void> {
  for (const name of now.keys()) if (!original.has(name)) await directory.removeEntry(name);
  for (const [name, bytes] of original) if (!isSame(bytes, now.get(name))) await write(directory, name, bytes);
}

/** Whether every file that holds data is given as it is, but for its header. */
async function isRescued(given: readonly File[], files: Files): Promise<boolean> {
  const rescued = await Promise.all(given.map(async (file) => new Uint8Array(await file.arrayBuffer())));
  const holding = [...files.values()].filter((bytes) => bytes.length > HEADER_BYTES);
  return holding.every((bytes) => rescued.some((found) => isSame(found, bytes.subarray(HEADER_BYTES))));
}

function isEqual(one: Files, other: Files): boolean {
  return one.size === other.size && [...one].every(([name, bytes]) => isSame(bytes, other.get(name)));
}

expose(api);
