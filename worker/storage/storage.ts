import type { Steps } from "../slices.js";
import type { Database } from "../sqlite/database.js";

/** Where a database lies. */
export interface Storage {
  readonly database: Database;
  /** Whether the files are still those of the origin: a browser that clears a site's data leaves open handles working. */
  exists(): Promise<boolean>;
  /** The whole database file, every committed row in it. */
  exportFile(): Uint8Array<ArrayBuffer>;
  /** The same as a file on the disk, made in slices, for a database that is too large for the memory. */
  exportCopy?(): Promise<Blob>;
  /** Removes the files that {@link exportCopy} made: all of them, or those of the days before. */
  removeExports?(onlyOld?: boolean): Promise<void>;
  /** Brings a foreign database file in beside ours and opens it. */
  stage(file: AsyncIterable<Uint8Array>): Promise<Database>;
  /** Closes what was staged, and removes it and the copy of an export: a part of a large file in each step. */
  removeLeftovers(): Steps<void>;
  /** Copies the database aside until {@link dropBackup}. A copy that an interrupted migration left is replaced. */
  makeBackup(): void;
  dropBackup(): void;
  /** Opens the search index, or makes an empty one. */
  openIndex(): Database;
  /** Whether there is a search index. */
  hasIndex(): boolean;
  /** Closes and removes the search index. */
  dropIndex(): void;
  /** How many bytes of the -wal are in use. */
  walBytes(): number;
  /** Waits until the device has all that was committed. */
  flush(): void;
  /** Closes the database and lets go of its files. */
  release(): void;
}
