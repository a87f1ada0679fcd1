import type { Journal } from "./journal.js";
import type { Report } from "./operations.js";

/** From the death of an owner to the first append that the next one acknowledges to another tab. */
interface HandOver {
  readonly death: string;
  /** The life that died. */
  readonly victim: number;
  /** The last owner that was known by then. */
  readonly owner: number;
  /** As `Date.now()` gives it, like `end`. */
  begin: number;
  end: number;
}

/**
 * Measures hand-overs. A page that is closed or leaves is dead when it says its last word, in `pagehide`; what is struck
 * otherwise when that has been done. Before that the browser is busy with the order, and the owner works on.
 */
export class HandOvers {
  readonly #journal: Journal;
  readonly #measured: HandOver[] = [];
  #waiting: HandOver | undefined;
  #onDone: () => void = () => {};

  /** Resolves when nothing is being measured. */
  done: Promise<void> = Promise.resolve();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get durations(): { readonly death: string; readonly milliseconds: number }[] {
    return this.#measured.map(({ death, begin, end }) => ({ death, milliseconds: end - begin }));
  }

  /** The owner dies now. What was being measured is given up: another death has come between. */
  begin(death: string, victim: number): void {
    this.#waiting = { death, victim, owner: this.#journal.owner, begin: Date.now(), end: Infinity };
    this.done = new Promise((resolve) => {
      this.#onDone = resolve;
    });
  }

  /** The moment at which the owner that is being killed was dead. */
  died(at: number): void {
    if (this.#waiting) this.#waiting.begin = at;
  }

  giveUp(): void {
    this.#waiting = undefined;
    this.#onDone();
  }

  observe({ life, answers = [], left }: Report): void {
    if (left !== undefined) this.#leave(life, left);
    const waiting = this.#waiting;
    if (!waiting || life === waiting.victim) return;
    const next = answers.find(({ id, outcome, owner }) => {
      const isAppend = this.#journal.entries.get(id)?.operation.kind === "append";
      return isAppend && outcome === "done" && owner > waiting.owner;
    });
    if (!next) return;
    waiting.end = next.at;
    this.#measured.push(waiting);
    this.giveUp();
  }

  /** Its last word may come after the first of the others. */
  #leave(life: number, at: number): void {
    const last = this.#waiting ?? this.#measured.at(-1);
    if (last?.victim === life && at >= last.begin && at <= last.end) last.begin = at;
  }
}
