import { QuietTimer } from "../quiet-timer.js";
import type { Storage } from "../storage/storage.js";

/** After this long without a call the -wal is written back and emptied: it never shrinks by itself. */
const IDLE_MS = 2000;

/** From this size on the -wal is written back between two calls. The next owner reads all of it before it begins. */
const LONG_WAL_BYTES = 2 * 1024 * 1024;

/** Writes the -wal back into the main file when nobody waits for it: that takes many times as long as a commit. */
export class WriteBack {
  readonly #storage: Storage;
  readonly #idle: QuietTimer = new QuietTimer(() => this.#checkpoint("TRUNCATE"));
  #soon: ReturnType<typeof setTimeout> | undefined;
  /** How much of the -wal is in the main file. SQLite begins the -wal anew with the next write. */
  #done = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** There is something to do: it is not quiet. */
  putOff(): void {
    this.#idle.restart(IDLE_MS);
  }

  /** Something may have been written. Answers that are ready leave first. */
  check(): void {
    const bytes = this.#storage.walBytes();
    if (bytes > LONG_WAL_BYTES && bytes !== this.#done) this.#soon ??= setTimeout(() => this.#writeBack());
  }

  stop(): void {
    this.#idle.stop();
    clearTimeout(this.#soon);
  }

  #writeBack(): void {
    this.#soon = undefined;
    this.#checkpoint("PASSIVE");
    this.#done = this.#storage.walBytes();
  }

  #checkpoint(mode: "PASSIVE" | "TRUNCATE"): void {
    try {
      this.#storage.database.run(`PRAGMA wal_checkpoint(${mode})`);
    } catch {
      // A full disk. The rows are safe in the -wal, and the next idle moment tries again.
    }
  }
}
