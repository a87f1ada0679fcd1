import type { Journal } from "./journal.js";
import type { Report } from "./operations.js";

interface Waiting {
  readonly death: string;
  readonly since: number;
  /** The life that died. */
  readonly victim: number;
  /** The last owner that was known by then. */
  readonly owner: number;
}

/** Measures from the death of an owner to the first append that the next one acknowledges to another tab. */
export class HandOvers {
  readonly #journal: Journal;
  readonly durations: { readonly death: string; readonly milliseconds: number }[] = [];
  #waiting: Waiting | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Resolves when nothing is being measured. */
  done: Promise<void> = Promise.resolve();
  #onDone: () => void = () => {};

  /** The owner dies now. What was being measured is given up: another death has come between. */
  begin(death: string, victim: number): void {
    this.#waiting = { death, since: Date.now(), victim, owner: this.#journal.owner };
    this.done = new Promise((resolve) => {
      this.#onDone = resolve;
    });
  }

  giveUp(): void {
    this.#waiting = undefined;
    this.#onDone();
  }

  observe({ life, answers = [] }: Report): void {
    const waiting = this.#waiting;
    if (!waiting || life === waiting.victim) return;
    const next = answers.find(({ id, outcome, owner }) => {
      const isAppend = this.#journal.entries.get(id)?.operation.kind === "append";
      return isAppend && outcome === "done" && owner > waiting.owner;
    });
    if (!next) return;
    this.durations.push({ death: waiting.death, milliseconds: next.at - waiting.since });
    this.giveUp();
  }
}
