/** An answer of the database. */
export interface Answer<Items> {
  /** Reads it. What it gives is the caller's own: new at every call. */
  readonly read: () => Items | Promise<Items>;
  /** In characters. */
  readonly size: number;
  /** The database's when it was read; none where others wrote meanwhile. */
  readonly version: string | undefined;
}

/** So many are kept, each of so many characters at most: 16 MB in all, since nearly all are ASCII, and mostly far less. */
const MAX_ANSWERS = 8;
export const MAX_SIZE: number = 2 * 1024 * 1024;

/**
 * What the page was answered last, by what it had asked for: while the database is still of that version, nobody need read
 * it, nor send it, again.
 */
export class RecentAnswers {
  readonly #kept = new Map<string, Answer<unknown>>();

  /** An answer, and its version for the owner to compare. */
  get<Items>(asked: string): Answer<Items> | undefined {
    const kept = this.#kept.get(asked);
    if (kept) this.keep(asked, kept);
    return kept as Answer<Items> | undefined;
  }

  /** Keeps an answer, unless it is too large; the one that was not asked for the longest time makes room. */
  keep(asked: string, answer: Answer<unknown>): void {
    // A map keeps the order in which its keys were set.
    this.#kept.delete(asked);
    if (answer.version === undefined || answer.size > MAX_SIZE) return;
    this.#kept.set(asked, answer);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_ANSWERS) this.#kept.delete(oldest!);
  }
}
