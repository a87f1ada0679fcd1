import { type Entry, isBefore, type Span } from "./journal.js";

/** What the record says of a write at a time: whether it must be seen then, must not be, or either. */
export type Fate = "present" | "absent" | "either";

/** Tells the fate, at the time of `at`, of the writes to a session: what has been cleared must not come back. */
export class Fates {
  readonly #at: Span;
  /** Those that were carried out before, for sure; the latest first, since it is the one that decides for most. */
  readonly #past: readonly Entry[];
  /** Those that may have been carried out before. */
  readonly #possible: readonly Entry[];

  /** `entries`: the calls that concern the session. */
  constructor(session: string, entries: readonly Entry[], at: Span) {
    this.#at = at;
    const clears = entries.filter(({ operation }) => operation.kind === "clear" && operation.session === session);
    this.#past = clears.filter((clear) => clear.isDone && isBefore(clear, at)).toReversed();
    this.#possible = clears.filter((clear) => !clear.isRefused && !isBefore(at, clear)).toReversed();
  }

  of(write: Entry): Fate {
    if (write.isRefused || isBefore(this.#at, write)) return "absent";
    if (this.#past.some((clear) => isBefore(write, clear))) return "absent";
    if (!write.isDone || !isBefore(write, this.#at)) return "either";
    return this.#possible.every((clear) => isBefore(clear, write)) ? "present" : "either";
  }
}
