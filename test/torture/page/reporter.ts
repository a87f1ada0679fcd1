import type { Answer, Operation, Report } from "../operations.js";

/** More than browsers let a page leave behind. */
const TOO_LONG_TO_OUTLIVE = 30_000;

/** Milliseconds from a report that did not arrive to the next attempt. */
const AGAIN_MS = 10;

/** Tells the recorder, outside the browser, what the page is about to do and what has come of it. */
export class Reporter {
  readonly #url: string;
  readonly #life: number;
  #answers: Answer[] = [];

  constructor(url: string, life: number) {
    this.#url = url;
    this.#life = life;
    addEventListener("pagehide", () => void this.#post({ life, left: Date.now() }).catch(() => {}));
  }

  /** Resolves once the recorder has it; how soon that is sets the pace of the workload. */
  async issue(issued: readonly Operation[]): Promise<void> {
    for (;;) {
      const sent = this.#post({ life: this.#life, issued }).then(
        ({ ok }) => ok,
        () => false,
      );
      // What is under way may be lost while a page is in the back/forward cache.
      if (await Promise.race([sent, nextPageshow()])) return;
      // A page that is on its way there can post nothing more, which it learns at once; but its timers stand still there.
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  /** Leaves the page in the task in which the answer came: requests with `keepalive` outlive the page. */
  answer(answer: Answer): void {
    if (this.#answers.push(answer) > 1) return;
    queueMicrotask(() => {
      const answers = this.#answers;
      this.#answers = [];
      this.#post({ life: this.#life, answers }).catch(() => {});
    });
  }

  #post(report: Report): Promise<Response> {
    const body = JSON.stringify(report);
    return fetch(this.#url, { method: "POST", body, keepalive: body.length < TOO_LONG_TO_OUTLIVE });
  }
}

function nextPageshow(): Promise<boolean> {
  return new Promise((resolve) => addEventListener("pageshow", () => resolve(false), { once: true }));
}
