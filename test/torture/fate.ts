import { type Entry, isBefore, type Span } from "./journal.js";

/** What the record says of a write at a time: whether it must be seen then, must not be, or either. */
export type Fate = "present" | "absent" | "either";

/** Tells the fate, at the time of `at`, of the writes to a session: what has been removed must not come back. */
export class Fates {
  readonly #at: Span;
  readonly #byKey: ReadonlyMap<string, Entry>;
  /** Those that were carried out before, for sure; the latest first, since it is the one that decides for most. */
  readonly #past: readonly Entry[];
  /** Those that may have been carried out before. */
  readonly #possible: readonly Entry[];

  /** `entries`: the calls that concern the session. */
  constructor(session: string, entries: readonly Entry[], at: Span) {
    this.#at = at;
    const own = entries.filter(({ operation }) => operation.session === session);
    this.#byKey = new Map(own.flatMap((entry) => entry.keys.map((key) => [key, entry])));
    const removals = own.filter(({ operation }) => REMOVALS.has(operation.kind));
    this.#past = removals.filter((removal) => removal.isDone && isBefore(removal, at)).toReversed();
    this.#possible = removals.filter((removal) => !removal.isRefused && !isBefore(at, removal)).toReversed();
  }

  of(write: Entry): Fate {
    if (write.isRefused || isBefore(this.#at, write)) return "absent";
    if (this.#past.some((removal) => this.#hasRemoved(removal, write))) return "absent";
    if (!write.isDone || !isBefore(write, this.#at)) return "either";
    return this.#possible.every((removal) => this.#spares(removal, write)) ? "present" : "either";
  }

  /** Whether, carried out, it has removed the rows of the write for sure. */
  #hasRemoved(removal: Entry, write: Entry): boolean {
    const { operation } = removal;
    if (operation.kind === "replace") return write.keys[0] === operation.row.key;
    if (!isBefore(write, removal)) return false;
    return operation.kind !== "truncate" || isBefore(this.#rootOf(operation.row.key), this.#rootOf(write.keys[0]!));
  }

  /** Whether it leaves the rows of the write where they are for sure. */
  #spares(removal: Entry, write: Entry): boolean {
    const { operation } = removal;
    if (operation.kind === "replace") return write.keys[0] !== operation.row.key;
    if (isBefore(removal, write)) return true;
    if (operation.kind !== "truncate") return false;
    const [kept, root] = [this.#rootOf(operation.row.key), this.#rootOf(write.keys[0]!)];
    return root === kept || isBefore(root, kept);
  }

  /** The append whose place a row has: what overwrites another takes its place. */
  #rootOf(key: string): Entry {
    const entry = this.#byKey.get(key)!;
    const { operation } = entry;
    return operation.kind === "replace" ? this.#rootOf(operation.row.key) : entry;
  }
}

/** What takes rows away. Of single rows, or of all behind one, only in sessions where each write has one row. */
const REMOVALS: ReadonlySet<string> = new Set(["clear", "delete", "replace", "truncate"]);
