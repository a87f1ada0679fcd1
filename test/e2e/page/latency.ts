import type { SQLiteContextStore } from "../../../src/index.js";

/** Writes and reads without end, one call after the other, and remembers how long each took. */
export class Latency {
  readonly #times: number[] = [];
  readonly #acknowledged: string[] = [];
  readonly #state: { isOn: boolean } = { isOn: false };
  #running: Promise<void> = Promise.resolve();

  /** Every third append goes to the session that `other` says, which may be one that is just being merged. */
  start(mine: SQLiteContextStore, other: () => SQLiteContextStore): void {
    this.#state.isOn = true;
    this.#running = this.#run(mine, other);
  }

  /** Milliseconds, and what was acknowledged: session and text. Rejects when a call did. */
  async stop(): Promise<{ readonly calls: number; readonly p50: number; readonly p99: number; readonly max: number }> {
    this.#state.isOn = false;
    await this.#running;
    const times = this.#times.toSorted((a, b) => a - b);
    const at = (part: number) => Math.round(times[Math.floor((times.length - 1) * part)]! * 10) / 10;
    return { calls: times.length, p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  get acknowledged(): readonly string[] {
    return this.#acknowledged;
  }

  async #run(mine: SQLiteContextStore, other: () => SQLiteContextStore): Promise<void> {
    for (let i = 0; this.#state.isOn; i++) {
      const store = i % 3 === 2 ? other() : mine;
      const text = `acknowledged ${i}`;
      await this.#time(() => store.append({ role: "user", content: [{ type: "text", text }] }));
      this.#acknowledged.push(`${store.sessionId} ${text}`);
      await this.#time(() => mine.getMessages({ last: 20 }));
      await this.#time(() => mine.listSessions({ limit: 20, orderBy: "updated" }));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async #time(call: () => Promise<unknown>): Promise<void> {
    const begun = performance.now();
    await call();
    this.#times.push(performance.now() - begun);
  }
}
