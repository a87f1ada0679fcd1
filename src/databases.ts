import { checkPath } from "./arguments.js";
import { directoryName, HEADER_BYTES, ownerLock, poolDirectory, ROOT } from "./database-directory.js";
import { ContextStoreError } from "./errors.js";
import { checkSupport, forbidden } from "./support.js";

// What can be done with databases that nobody has open.

/**
 * The paths of this origin's databases, as `connect` takes them, in the order of their names. Rejects `unsupported` where
 * there is no OPFS.
 */
export async function listDatabases(): Promise<string[]> {
  const paths: string[] = [];
  checkSupport("opfs");
  const list = async () => {
    for await (const name of (await directoryOfAll()).keys())
      paths.push(decodeURIComponent(name).replace(/^(?=~\/)/, "/"));
  };
  // They may be deleted meanwhile.
  await orNothing(list());
  return paths.toSorted();
}

/**
 * Deletes the database at `path` for good. Does nothing where there is none. Rejects `busy` while any tab, this one
 * included, has it open, and `invalid-argument` for a path that makes no sense.
 */
export async function deleteDatabase(path: string): Promise<void> {
  const name = checkPath(path);
  checkSupport("opfs");
  const deleted = navigator.locks.request(ownerLock(name), { ifAvailable: true }, async (lock) => {
    if (!lock) throw open(path);
    const root = await orNothing(directoryOfAll());
    if (root) await orNothing(root.removeEntry(directoryName(name), { recursive: true }), path);
  });
  // Where nothing may be stored, there are no locks.
  await orNothing(deleted);
}

/**
 * What lies in the files of the database at `path`, as it is: for one that `connect()` rejects as `corrupt`. One file for
 * each that SQLite wrote, named by what it begins with: `*.sqlite` is a database, `*.sqlite-wal` what was committed to
 * one and not yet written back, `*.bin` neither. `Connection.import` takes them, as far as they are sound. Rejects
 * `not-found` where there is no such database, and `busy` where a tab that has it open writes to it meanwhile.
 */
export async function rescueDatabase(path: string): Promise<File[]> {
  const name = checkPath(path);
  checkSupport("opfs");
  const files: File[] = [];
  const take = async () => {
    for await (const handle of (await poolDirectory(name)).values()) {
      if (handle.kind !== "file") continue;
      const file = await handle.getFile();
      // One that has lost its header altogether begins with the data.
      const isBare = (await extensionOf(file)) !== "bin";
      const content = isBare ? file : file.slice(HEADER_BYTES);
      if (content.size > 0) files.push(new File([content], `${file.name}.${await extensionOf(content)}`));
    }
    return files;
  };
  const taken = await orNothing(take(), path);
  if (!taken) throw new ContextStoreError("not-found", `There is no database ${JSON.stringify(path)}.`);
  return taken;
}

/** "SQLi" begins a database; 0x377f0682 or 0x377f0683 its -wal: https://www.sqlite.org/fileformat2.html#walformat */
async function extensionOf(content: Blob): Promise<"sqlite" | "sqlite-wal" | "bin"> {
  const [a, b, c, d] = new Uint8Array(await content.slice(0, 4).arrayBuffer());
  if (a === 0x53 && b === 0x51 && c === 0x4c && d === 0x69) return "sqlite";
  return a === 0x37 && b === 0x7f && c === 0x06 && (d === 0x82 || d === 0x83) ? "sqlite-wal" : "bin";
}

async function directoryOfAll(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT);
}

/** `path`: of the database whose files the work needs to itself. */
async function orNothing<Value>(work: Promise<Value>, path?: string): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === "NotFoundError") return undefined;
    if (error.name === "SecurityError") throw forbidden(error);
    throw path ? open(path, error) : error;
  }
}

function open(path: string, cause?: unknown): ContextStoreError {
  const message = `The database ${JSON.stringify(path)} is open. Close it in every tab first.`;
  return new ContextStoreError("busy", message, { cause });
}
