import { GatheringFile } from "./gathering-file.js";
import type { VfsFile } from "./pool-file.js";

/** What is gathered at most, in bytes. */
const BUFFER_BYTES = 512 * 1024;

/**
 * A database's own file. A checkpoint writes it page by page in their order: those that follow each other are gathered, and
 * written in one go.
 *
 * What was written reaches the file in the order in which it was written, and at the latest when it is flushed; SQLite
 * counts on nothing that it has not flushed. What could not be written stays here, so that no flush succeeds without it.
 * With `synchronous=OFF` there is none, and SQLite does not hear what fails on closing: no connection may have it.
 */
export class PageBuffer extends GatheringFile {
  constructor(file: VfsFile) {
    super(file, BUFFER_BYTES);
  }

  write(bytes: Uint8Array, at: number): void {
    if (!this.follows(bytes, at)) this.writeGathered();
    if (bytes.length > BUFFER_BYTES) this.file.write(bytes, at);
    else this.gather(bytes, at);
  }

  override writeGathered(): void {
    if (this.length === 0) return;
    this.file.write(this.gathered, this.start);
    this.length = 0;
  }
}
