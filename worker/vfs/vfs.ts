import type {
  Database,
  Sqlite3Static,
  sqlite3_file,
  sqlite3_io_methods,
  sqlite3_vfs,
  WasmPointer,
} from "@sqlite.org/sqlite-wasm";
import { keepIoError } from "./io-error.js";
import type { Pool } from "./pool.js";
import type { VfsFile } from "./pool-file.js";
import { WalBuffer } from "./wal-buffer.js";

const PATH_BYTES = 512;
const SECTOR_BYTES = 4096;

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
  readonly #sqlite3: Sqlite3Static;
  readonly #pool: Pool;
  readonly #io: sqlite3_io_methods;
  readonly #vfs: sqlite3_vfs;
  readonly #name = `axio-${crypto.randomUUID()}`;
  readonly #open = new Map<WasmPointer, OpenFile>();
  #temporary = 0;

  constructor(sqlite3: Sqlite3Static, pool: Pool) {
    this.#sqlite3 = sqlite3;
    this.#pool = pool;
    for (const name of pool.names) if (name.startsWith(TEMPORARY)) pool.remove(name);
    const { capi, vfs } = sqlite3;
    this.#io = Object.assign(new capi.sqlite3_io_methods(), { $iVersion: 1 });
    this.#io.installMethods(this.#ioMethods());
    this.#vfs = this.#makeVfs();
    this.#vfs.installMethods(this.#vfsMethods());
    vfs.installVfs({ vfs: { struct: this.#vfs, methods: {}, name: this.#name } });
  }

  /** Opens a database of the pool. `flags`: "c" makes it where it is not there, "w" does not. */
  open(name: string, flags: "c" | "w"): Database {
    return new this.#sqlite3.oo1.DB({ filename: name, flags, vfs: this.#name });
  }

  /** Once no database is open. */
  uninstall(): void {
    this.#sqlite3.capi.sqlite3_vfs_unregister(this.#vfs);
    this.#vfs.dispose();
    this.#io.dispose();
  }

  /** The clock and the like are those of SQLite's default. */
  #makeVfs(): sqlite3_vfs {
    const { capi } = this.#sqlite3;
    const standard = new capi.sqlite3_vfs(capi.sqlite3_vfs_find(null)) as unknown as Record<string, WasmPointer>;
    const { structInfo } = capi.sqlite3_file as unknown as Pick<sqlite3_file, "structInfo">;
    const inherited = ["$xRandomness", "$xSleep", "$xCurrentTime", "$xCurrentTimeInt64"];
    return Object.assign(new capi.sqlite3_vfs(), {
      $iVersion: 2,
      $szOsFile: structInfo.sizeof,
      $mxPathname: PATH_BYTES,
      ...Object.fromEntries(inherited.map((name) => [name, standard[name]])),
    });
  }

  #vfsMethods() {
    const { capi, wasm } = this.#sqlite3;
    const nameAt = (pointer: WasmPointer): string => wasm.cstrToJs(pointer) ?? "";
    return {
      xOpen: (_vfs: WasmPointer, zName: WasmPointer, pFile: WasmPointer, flags: number, pOutFlags: WasmPointer) => {
        wasm.pokePtr(pFile, 0);
        return this.#attempt(capi.SQLITE_CANTOPEN, () => {
          this.#open.set(pFile, this.#openFile(nameAt(zName), flags));
          wasm.pokePtr(pFile, this.#io.pointer);
          if (pOutFlags !== 0) wasm.poke32(pOutFlags, flags);
        });
      },
      xDelete: (_vfs: WasmPointer, zName: WasmPointer) =>
        this.#attempt(capi.SQLITE_IOERR_DELETE, () => this.#pool.remove(nameAt(zName))),
      xAccess: (_vfs: WasmPointer, zName: WasmPointer, _flags: number, pResult: WasmPointer) => {
        wasm.poke32(pResult, this.#pool.get(nameAt(zName)) === undefined ? 0 : 1);
        return 0;
      },
      xFullPathname: (_vfs: WasmPointer, zName: WasmPointer, size: number, zOut: WasmPointer) =>
        wasm.cstrncpy(zOut, zName, size) < size ? 0 : capi.SQLITE_CANTOPEN,
    };
  }

  #openFile(name: string, flags: number): OpenFile {
    const { capi } = this.#sqlite3;
    if (name === "") return this.#openTemporary();
    const found = this.#pool.get(name);
    if (found ? flags & capi.SQLITE_OPEN_EXCLUSIVE : !(flags & capi.SQLITE_OPEN_CREATE)) {
      throw new Error(`${name} ${found ? "is there already" : "is not there"}`);
    }
    const file = found ?? this.#pool.create(name, flags);
    return { name, file: flags & capi.SQLITE_OPEN_WAL ? new WalBuffer(file) : file };
  }

  /** Only where SQLite is told to: it is built to keep temporary files in memory. */
  #openTemporary(): OpenFile {
    const name = `${TEMPORARY}${this.#temporary++}`;
    return { name, file: this.#pool.create(name, this.#sqlite3.capi.SQLITE_OPEN_MAIN_DB) };
  }

  #ioMethods() {
    const { capi, wasm } = this.#sqlite3;
    const at = (pFile: WasmPointer): VfsFile => this.#open.get(pFile)!.file;
    const bytes = (pointer: WasmPointer, length: number) => wasm.heap8u().subarray(pointer, pointer + length);
    return {
      xRead: (pFile: WasmPointer, pInto: WasmPointer, length: number, offset: number | bigint) => {
        let read = 0;
        const into = bytes(pInto, length);
        const result = this.#attempt(capi.SQLITE_IOERR_READ, () => {
          read = at(pFile).read(into, Number(offset));
        });
        if (result !== 0 || read === length) return result;
        into.fill(0, read);
        return capi.SQLITE_IOERR_SHORT_READ;
      },
      xWrite: (pFile: WasmPointer, pFrom: WasmPointer, length: number, offset: number | bigint) =>
        this.#attempt(capi.SQLITE_IOERR_WRITE, () => at(pFile).write(bytes(pFrom, length), Number(offset))),
      xTruncate: (pFile: WasmPointer, size: number | bigint) =>
        this.#attempt(capi.SQLITE_IOERR_TRUNCATE, () => at(pFile).truncate(Number(size))),
      xSync: (pFile: WasmPointer) => this.#attempt(capi.SQLITE_IOERR_FSYNC, () => at(pFile).flush()),
      xFileSize: (pFile: WasmPointer, pSize: WasmPointer) =>
        this.#attempt(capi.SQLITE_IOERR_FSTAT, () => void wasm.poke64(pSize, BigInt(at(pFile).size()))),
      xClose: (pFile: WasmPointer) => this.#attempt(capi.SQLITE_IOERR_CLOSE, () => this.#close(pFile)),
      xLock: () => 0,
      xUnlock: () => 0,
      xCheckReservedLock: (_pFile: WasmPointer, pResult: WasmPointer) => {
        wasm.poke32(pResult, 0);
        return 0;
      },
      xFileControl: () => capi.SQLITE_NOTFOUND,
      xSectorSize: () => SECTOR_BYTES,
      // POWERSAFE_OVERWRITE: a write changes no byte beside its own, as every file system under a browser promises.
      // Without it, SQLite fills the -wal up to the next sector at each flushed commit, with copies of the last page.
      xDeviceCharacteristics: () => capi.SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN | capi.SQLITE_IOCAP_POWERSAFE_OVERWRITE,
    };
  }

  #close(pFile: WasmPointer): void {
    const { name, file } = this.#open.get(pFile)!;
    this.#open.delete(pFile);
    try {
      if (file instanceof WalBuffer) file.close();
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
    const { capi } = this.#sqlite3;
    // SQLite may go on after a full disk with the statement alone rolled back: no answer to a failed read.
    const isWrite = resultCode === capi.SQLITE_IOERR_WRITE || resultCode === capi.SQLITE_IOERR_TRUNCATE;
    if (isWrite && error instanceof Error && error.name === "QuotaExceededError") return capi.SQLITE_FULL;
    return resultCode;
  }
}
