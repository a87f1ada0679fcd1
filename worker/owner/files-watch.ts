import type { ContextStoreError } from "../../src/errors.js";
import { storageCleared } from "../failure.js";

/** No write is acknowledged that began longer than this after the files were last seen in their place. */
const PROBE_MS = 500;

/** Knows whether a database's files are still where they were: the user may delete the site's data at any time. */
export class FilesWatch {
  readonly #exist: () => Promise<boolean>;
  readonly #onGone: (error: ContextStoreError) => void;
  #seen: number = performance.now();
  #looking: Promise<void> | undefined;
  #gone: ContextStoreError | undefined;

  /** `exist` looks for the files, `onGone` is told, once, that they are gone. */
  constructor(exist: () => Promise<boolean>, onGone: (error: ContextStoreError) => void) {
    this.#exist = exist;
    this.#onGone = onGone;
  }

  /** Whether they were seen a short while ago. */
  get sawThem(): boolean {
    return !this.#looking && performance.now() - this.#seen <= PROBE_MS;
  }

  get isLooking(): boolean {
    return this.#looking !== undefined;
  }

  /** Rejects `storage-cleared` when they are gone. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** They are gone. Gives the error that says so. */
  lose(): ContextStoreError {
    if (!this.#gone) {
      this.#gone = storageCleared();
      this.#onGone(this.#gone);
    }
    return this.#gone;
  }

  async #look(): Promise<void> {
    const asked = performance.now();
    // Asked once more after it said no, Chromium takes seconds to answer.
    if (this.#gone || !(await this.#exist())) throw this.lose();
    this.#seen = asked;
  }
}
