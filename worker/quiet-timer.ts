/** Does something once nothing has happened for a while. To say that something has sets no timer: it only moves the time. */
export class QuietTimer {
  readonly #work: () => void;
  #due = Infinity;
  #firesAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** In so many milliseconds, unless this is called again before. */
  restart(ms: number): void {
    this.#due = performance.now() + ms;
    if (this.#due < this.#firesAt) this.#set(ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#firesAt = Infinity;
  }

  #set(ms: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = performance.now() + ms;
    this.#timer = setTimeout(() => this.#fire(), ms);
  }

  #fire(): void {
    this.#firesAt = Infinity;
    const left = this.#due - performance.now();
    if (left > 0) this.#set(left);
    else this.#work();
  }
}
