/** How a call ended. */
export interface Ending {
  /** Of the error; "none" when the call resolved. */
  readonly code: string;
  readonly outcome: string;
  readonly message: string;
}

/** A write of a load, and how it ended. */
interface LoadedWrite {
  readonly text: string;
  readonly code: string;
  readonly outcome: string;
  /** By the clock. */
  readonly settledAt: number;
}

const LANES = 5;

/** After these, a connection goes on. */
const PASSING: readonly string[] = ["none", "busy", "quota"];

/** Writes without end, some of them in flight at any time, however they end. */
export class Load {
  readonly writes: LoadedWrite[] = [];
  readonly #append: (text: string) => Promise<Ending>;
  readonly #onSettled = new EventTarget();
  #isOn = false;
  #lanes: readonly Promise<void>[] = [];

  constructor(append: (text: string) => Promise<Ending>) {
    this.#append = append;
  }

  /** Begins to append numbers after the prefix, each with so many random characters behind it. */
  start(prefix = "", characters = 0): void {
    this.#isOn = true;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (this.#isOn) {
        const text = `${prefix}${next++}`;
        const { code, outcome } = await this.#append(`${text}${noise(characters)}`);
        this.writes.push({ text, code, outcome, settledAt: Date.now() });
        this.#onSettled.dispatchEvent(new Event("settled"));
        if (!PASSING.includes(code)) return;
      }
    };
    this.#lanes = Array.from({ length: LANES }, lane);
  }

  /** Resolves once so many writes have come to their end, or to a bad one. */
  async until(end: "settled" | "rejected", count: number): Promise<void> {
    const reached = () =>
      end === "settled" ? this.writes.length : this.writes.filter(({ code }) => code !== "none").length;
    while (reached() < count) {
      await new Promise((resolve) => this.#onSettled.addEventListener("settled", resolve, { once: true }));
    }
  }

  async stop(): Promise<readonly LoadedWrite[]> {
    this.#isOn = false;
    await Promise.all(this.#lanes);
    return this.writes;
  }
}

/** Random characters, which cannot be compressed much. */
function noise(count: number): string {
  if (count === 0) return "";
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return ` ${Array.from(bytes, (byte) => (byte % 36).toString(36)).join("")}`;
}
