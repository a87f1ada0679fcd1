import { callback, install } from "../sqlite/callbacks.js";
import { Database } from "../sqlite/database.js";
import {
  CANTOPEN,
  FULL,
  IOERR,
  NOTFOUND,
  OK,
  OPEN_CREATE,
  OPEN_EXCLUSIVE,
  OPEN_MAIN_DB,
  OPEN_WAL,
  type Pointer,
} from "../sqlite/exports.js";
import type { Sqlite } from "../sqlite/sqlite.js";
import { GatheringFile } from "./gathering-file.js";
import { keepIoError } from "./io-error.js";
import { PageBuffer } from "./page-buffer.js";
import type { VfsFile } from "./pool-file.js";
import type { Pool } from "./pool.js";
import { WalBuffer } from "./wal-buffer.js";

const PATH_BYTES = 512;
const SECTOR_BYTES = 4096;

// Which call it was that failed: https://www.sqlite.org/rescode.html#extended_result_code_list
const IOERR_READ = IOERR | (1 << 8);
const IOERR_SHORT_READ = IOERR | (2 << 8);
const IOERR_WRITE = IOERR | (3 << 8);
const IOERR_FSYNC = IOERR | (4 << 8);
const IOERR_TRUNCATE = IOERR | (6 << 8);
const IOERR_FSTAT = IOERR | (7 << 8);
const IOERR_DELETE = IOERR | (10 << 8);
const IOERR_CLOSE = IOERR | (16 << 8);

const UNDELETABLE_WHEN_OPEN = 0x800;
const POWERSAFE_OVERWRITE = 0x1000;

// The structures that SQLite knows a VFS and an open file by, as 32-bit words: https://www.sqlite.org/c3ref/vfs.html,
// https://www.sqlite.org/c3ref/io_methods.html. A `sqlite3_file` is the address of its methods, and no more.
const FILE_BYTES = 4;
const VFS_WORDS = (
  "iVersion szOsFile mxPathname pNext zName pAppData xOpen xDelete xAccess xFullPathname " +
  "xDlOpen xDlError xDlSym xDlClose xRandomness xSleep xCurrentTime xGetLastError xCurrentTimeInt64"
).split(" ");
const IO_WORDS = (
  "iVersion xClose xRead xWrite xTruncate xSync xFileSize " +
  "xLock xUnlock xCheckReservedLock xFileControl xSectorSize xDeviceCharacteristics"
).split(" ");
/** The clock and the like are those of SQLite's default. */
const INHERITED = ["xRandomness", "xSleep", "xCurrentTime", "xCurrentTimeInt64"];

/** Begins the names of temporary files. One that a death has left is of no use. */
const TEMPORARY = "/temporary-";

interface OpenFile {
  readonly name: string;
  readonly file: VfsFile;
}

/**
 * SQLite's way to the files of a pool. The pool holds them for this worker alone, and each is opened by one connection:
 * there is nothing to lock, and no memory to share. So a -wal needs `PRAGMA locking_mode=EXCLUSIVE`.
 */
export class PoolVfs {
  readonly #sqlite: Sqlite;
  readonly #pool: Pool;
  readonly #io: Pointer;
  readonly #vfs: Pointer;
  /** SQLite keeps it, and does not copy it. */
  readonly #zName: Pointer;
  readonly #name = `axio-${crypto.randomUUID()}`;
  readonly #open = new Map<Pointer, OpenFile>();
  #temporary = 0;

  constructor(sqlite: Sqlite, pool: Pool) {
    this.#sqlite = sqlite;
    this.#pool = pool;
    for (const name of pool.names) if (name.startsWith(TEMPORARY)) pool.remove(name);
    const { c } = sqlite;
    this.#zName = sqlite.newText(this.#name);
    const methods = install(c.__indirect_function_table, { ...this.#ioMethods(), ...this.#vfsMethods() });
    this.#io = this.#structure(IO_WORDS, { iVersion: 1, ...methods });
    const standard = c.sqlite3_vfs_find(0);
    const inherited = INHERITED.map((word) => [
      word,
      sqlite.view.getUint32(standard + 4 * VFS_WORDS.indexOf(word), true),
    ]);
    this.#vfs = this.#structure(VFS_WORDS, {
      iVersion: 2,
      szOsFile: FILE_BYTES,
      mxPathname: PATH_BYTES,
      zName: this.#zName,
      ...methods,
      ...Object.fromEntries(inherited),
    });
    sqlite.check(c.sqlite3_vfs_register(this.#vfs, 0));
  }

  /** Opens a database of the pool. `flags`: "c" makes it where it is not there, "w" does not. */
  open(name: string, flags: "c" | "w"): Database {
    return new Database(this.#sqlite, this.#sqlite.open(name, flags, this.#name));
  }

  /** How many bytes of the -wal of an open database are in use. */
  walBytes(name: string): number {
    for (const { name: found, file } of this.#open.values())
      if (file instanceof WalBuffer && found === `${name}-wal`) return file.used;
    return 0;
  }

  /** Once no database is open. */
  uninstall(): void {
    const { c } = this.#sqlite;
    c.sqlite3_vfs_unregister(this.#vfs);
    for (const pointer of [this.#vfs, this.#io, this.#zName]) c.sqlite3_free(pointer);
  }

  #structure(words: readonly string[], values: Readonly<Record<string, number>>): Pointer {
    const pointer = this.#sqlite.allocate(4 * words.length);
    for (const [place, word] of words.entries())
      this.#sqlite.view.setUint32(pointer + 4 * place, values[word] ?? 0, true);
    return pointer;
  }

  #vfsMethods() {
    const textAt = (pointer: Pointer) => this.#sqlite.textAt(pointer);
    const poke = (pointer: Pointer, value: number) => this.#sqlite.view.setUint32(pointer, value, true);
    return {
      xOpen: callback("iiiii", (_vfs: Pointer, zName: Pointer, pFile: Pointer, flags: number, pOutFlags: Pointer) => {
        poke(pFile, 0);
        return this.#attempt(CANTOPEN, () => {
          this.#open.set(pFile, this.#openFile(textAt(zName), flags));
          poke(pFile, this.#io);
          if (pOutFlags !== 0) poke(pOutFlags, flags);
        });
      }),
      xDelete: callback("iii", (_vfs: Pointer, zName: Pointer) =>
        this.#attempt(IOERR_DELETE, () => this.#pool.remove(textAt(zName))),
      ),
      xAccess: callback("iiii", (_vfs: Pointer, zName: Pointer, _flags: number, pResult: Pointer) => {
        poke(pResult, this.#pool.get(textAt(zName)) === undefined ? 0 : 1);
        return OK;
      }),
      xFullPathname: callback("iiii", (_vfs: Pointer, zName: Pointer, size: number, zOut: Pointer) => {
        const { bytes } = this.#sqlite;
        const end = bytes.indexOf(0, zName) + 1;
        if (end - zName > size) return CANTOPEN;
        bytes.copyWithin(zOut, zName, end);
        return OK;
      }),
    };
  }

  #openFile(name: string, flags: number): OpenFile {
    if (name === "") return this.#openTemporary();
    const found = this.#pool.get(name);
    if (found ? flags & OPEN_EXCLUSIVE : !(flags & OPEN_CREATE)) {
      throw new Error(`${name} ${found ? "is there already" : "is not there"}`);
    }
    const file = found ?? this.#pool.create(name, flags);
    return { name, file: buffered(file, flags) };
  }

  /** Only where SQLite is told to: it is built to keep temporary files in memory. */
  #openTemporary(): OpenFile {
    const name = `${TEMPORARY}${this.#temporary++}`;
    return { name, file: this.#pool.create(name, OPEN_MAIN_DB) };
  }

  #ioMethods() {
    const poke = (pointer: Pointer, value: number) => this.#sqlite.view.setUint32(pointer, value, true);
    const at = (pFile: Pointer): VfsFile => this.#open.get(pFile)!.file;
    const bytes = (pointer: Pointer, length: number) => this.#sqlite.bytes.subarray(pointer, pointer + length);
    return {
      xRead: callback("iiij", (pFile: Pointer, pInto: Pointer, length: number, offset: bigint) => {
        let read = 0;
        const into = bytes(pInto, length);
        const result = this.#attempt(IOERR_READ, () => {
          read = at(pFile).read(into, Number(offset));
        });
        if (result !== OK || read === length) return result;
        into.fill(0, read);
        return IOERR_SHORT_READ;
      }),
      xWrite: callback("iiij", (pFile: Pointer, pFrom: Pointer, length: number, offset: bigint) =>
        this.#attempt(IOERR_WRITE, () => at(pFile).write(bytes(pFrom, length), Number(offset))),
      ),
      xTruncate: callback("ij", (pFile: Pointer, size: bigint) =>
        this.#attempt(IOERR_TRUNCATE, () => at(pFile).truncate(Number(size))),
      ),
      xSync: callback("ii", (pFile: Pointer) => this.#sync(at(pFile))),
      xFileSize: callback("ii", (pFile: Pointer, pSize: Pointer) =>
        this.#attempt(IOERR_FSTAT, () => this.#sqlite.view.setBigInt64(pSize, BigInt(at(pFile).size()), true)),
      ),
      xClose: callback("i", (pFile: Pointer) => this.#attempt(IOERR_CLOSE, () => this.#close(pFile))),
      xLock: callback("ii", () => OK),
      xUnlock: callback("ii", () => OK),
      xCheckReservedLock: callback("ii", (_pFile: Pointer, pResult: Pointer) => {
        poke(pResult, 0);
        return OK;
      }),
      xFileControl: callback("iii", () => NOTFOUND),
      xSectorSize: callback("i", () => SECTOR_BYTES),
      // POWERSAFE_OVERWRITE: a write changes no byte beside its own, as every file system under a browser promises.
      // Without it, SQLite fills the -wal up to the next sector at each flushed commit, with copies of the last page.
      xDeviceCharacteristics: callback("i", () => UNDELETABLE_WHEN_OPEN | POWERSAFE_OVERWRITE),
    };
  }

  /** Out of room is what writes are: where a flush fails, the device may have all of a commit. */
  #sync(file: VfsFile): number {
    const written = file instanceof GatheringFile ? this.#attempt(IOERR_WRITE, () => file.writeGathered()) : OK;
    return written === OK ? this.#attempt(IOERR_FSYNC, () => file.flush()) : written;
  }

  #close(pFile: Pointer): void {
    const { name, file } = this.#open.get(pFile)!;
    this.#open.delete(pFile);
    try {
      if (file instanceof GatheringFile) file.writeGathered();
    } finally {
      // What nothing was written to was never there.
      if (name.startsWith(TEMPORARY) || this.#pool.get(name)?.isUnwritten) this.#pool.remove(name);
    }
  }

  /** Nothing may be thrown through SQLite: it gets `resultCode`, and what was thrown waits for who reports it. */
  #attempt(resultCode: number, work: () => void): number {
    try {
      work();
      return 0;
    } catch (error) {
      const result = this.#resultOf(error, resultCode);
      keepIoError(error, result);
      return result;
    }
  }

  #resultOf(error: unknown, resultCode: number): number {
    // SQLite may go on after a full disk with the statement alone rolled back: no answer to a failed read.
    const isWrite = resultCode === IOERR_WRITE || resultCode === IOERR_TRUNCATE;
    return isWrite && error instanceof Error && error.name === "QuotaExceededError" ? FULL : resultCode;
  }
}

function buffered(file: VfsFile, flags: number): VfsFile {
  if (flags & OPEN_WAL) return new WalBuffer(file);
  return flags & OPEN_MAIN_DB ? new PageBuffer(file) : file;
}
