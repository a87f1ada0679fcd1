import type { Life, Operation } from "../operations.js";
import { Random } from "../random.js";

/** How often each kind of call is made, in thousandths. */
const WEIGHTS = {
  append: 655,
  appendAll: 70,
  addTokens: 110,
  setTokens: 40,
  read: 60,
  clear: 35,
  fork: 25,
  import: 5,
} as const;

const MOST_AT_ONCE = 8;

/** The random calls of one life. */
export class Plan {
  readonly #life: number;
  readonly #random: Random;
  readonly #own: string;
  readonly #shared: string;
  /** A session without messages, whose tokens are also set. */
  readonly #meter: string;
  readonly #imported: string[] = [];
  readonly #forks: string[] = [];
  #number = 0;

  constructor({ life, seed, shared }: Life) {
    this.#life = life;
    this.#random = new Random(seed);
    this.#own = `own-${life}`;
    this.#meter = `meter-${life}`;
    this.#shared = shared;
  }

  /** Calls to make in one go. */
  next(): Operation[] {
    return Array.from({ length: 1 + this.#random.below(MOST_AT_ONCE) }, () => this.#plan());
  }

  /** A call has been carried out: what it made can be used. */
  done(operation: Operation): void {
    if (operation.kind === "fork") this.#forks.push(operation.target);
    if (operation.kind === "import") this.#imported.push(operation.session);
  }

  #plan(): Operation {
    const random = this.#random;
    const kind = random.weighted(WEIGHTS);
    const id = `${this.#life}-${this.#number++}`;
    const tokens = { input: 1 + random.below(9), output: 1 + random.below(9) };
    if (kind === "append") return { id, kind, session: random.pick([...this.#sessions(), ...this.#forks.slice(-2)]) };
    if (kind === "appendAll") return { id, kind, session: random.pick(this.#sessions()), count: 2 + random.below(4) };
    if (kind === "addTokens") return { id, kind, session: random.pick([...this.#sessions(), this.#meter]), ...tokens };
    if (kind === "setTokens") return { id, kind, session: this.#meter, ...tokens };
    if (kind === "read") return { id, kind, session: random.pick(this.#sessions()) };
    if (kind === "clear") return { id, kind, session: random.pick([...this.#sessions(), ...this.#imported.slice(-2)]) };
    if (kind === "import") return { id, kind, session: `import-${id}`, count: 1 + random.below(3) };
    const upTo = random.below(2) === 0 ? {} : { upTo: random.below(20) };
    return { id, kind: "fork", session: random.pick(this.#sessions()), target: `fork-${id}`, ...upTo };
  }

  #sessions(): string[] {
    return [this.#own, this.#shared];
  }
}
