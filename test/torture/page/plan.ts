import { afterStep, type Kept, nextStep, NOTHING } from "../kept.js";
import type { Answer, Life, Operation, Place } from "../operations.js";
import { Random } from "../random.js";

/** How often each kind of call is made, in thousandths. */
const WEIGHTS = {
  append: 560,
  appendAll: 60,
  addTokens: 90,
  setTokens: 35,
  read: 60,
  clear: 20,
  delete: 10,
  fork: 25,
  import: 5,
  begin: 30,
  finish: 25,
  replace: 25,
  truncate: 10,
  title: 15,
  keep: 30,
} as const;

type Kind = keyof typeof WEIGHTS;

/** The random calls of one life. */
export class Plan {
  readonly #life: Life;
  readonly #random: Random;
  readonly #own: string;
  /** A session without messages, whose tokens are also set. */
  readonly #meter: string;
  readonly #imported: string[] = [];
  readonly #forks: string[] = [];
  /** Streamed messages that are not finished. */
  readonly #begun: Operation[] = [];
  /** What the page has seen last in the session that is edited. */
  #seen: readonly Place[] = [];
  /** What is in the session that only this page writes; nothing more is done there after a call whose end is not known. */
  #kept: Kept = NOTHING;
  #keeps: "idle" | "waits" | "ended" = "idle";
  #number = 0;

  constructor(life: Life) {
    this.#life = life;
    this.#random = new Random(life.seed);
    this.#own = `own-${life.life}`;
    this.#meter = `meter-${life.life}`;
  }

  /** Calls to make in one go. */
  next(): Operation[] {
    return Array.from({ length: 1 + this.#random.below(this.#life.atOnce) }, () => this.#plan());
  }

  /** A call has ended: what it made, or found, can be used. */
  ended(operation: Operation, { outcome, rows }: Omit<Answer, "owner" | "at">): void {
    if (operation.kind === "keep") {
      this.#keeps = outcome === "done" ? "idle" : "ended";
      this.#kept = afterStep(this.#kept, operation.id, operation.step);
    }
    if (outcome !== "done") return;
    if (operation.kind === "fork") this.#forks.push(operation.target);
    if (operation.kind === "import") this.#imported.push(operation.session);
    if (operation.kind === "begin") this.#begun.push(operation);
    if (rows && operation.session === this.#life.edited)
      this.#seen = rows.map(({ key, id, position }) => ({ key, id, position }));
  }

  #plan(): Operation {
    const random = this.#random;
    const kind = this.#possible(random.weighted(WEIGHTS));
    const id = `${this.#life.life}-${this.#number++}`;
    const tokens = { input: 1 + random.below(9), output: 1 + random.below(9) };
    switch (kind) {
      case "append":
        return { id, kind, session: random.pick([...this.#sessions(), this.#life.edited, ...this.#forks.slice(-2)]) };
      case "appendAll":
        return { id, kind, session: random.pick(this.#sessions()), count: 2 + random.below(4) };
      case "addTokens":
        return { id, kind, session: random.pick([...this.#sessions(), this.#meter]), ...tokens };
      case "setTokens":
        return { id, kind, session: this.#meter, ...tokens };
      case "read":
      case "begin":
        return { id, kind, session: random.pick([...this.#sessions(), this.#life.edited]) };
      case "clear":
      case "delete":
        return { id, kind, session: random.pick([...this.#sessions(), ...this.#imported.slice(-2)]) };
      case "import":
        return { id, kind, session: `import-${id}`, count: 1 + random.below(3) };
      case "fork": {
        const upTo = random.below(2) === 0 ? {} : { upTo: random.below(20) };
        return { id, kind, session: random.pick(this.#sessions()), target: `fork-${id}`, ...upTo };
      }
      default:
        return this.#planEdit(kind, id);
    }
  }

  #planEdit(kind: "finish" | "replace" | "truncate" | "title" | "keep", id: string): Operation {
    const random = this.#random;
    const session = this.#life.edited;
    if (kind === "title") return { id, kind, session };
    // Mostly near the end: what is far behind is seen to be whole.
    if (kind === "replace" || kind === "truncate") return { id, kind, session, row: random.pick(this.#seen.slice(-6)) };
    if (kind === "finish") {
      const [begun] = this.#begun.splice(random.below(this.#begun.length), 1);
      return { id, kind, session: begun!.session, of: begun!.id };
    }
    this.#keeps = "waits";
    return { id, kind, session: `kept-${this.#life.life}`, step: nextStep(this.#kept, random) };
  }

  /** What needs something that is not there yet waits. */
  #possible(kind: Kind): Kind {
    const isEdit = kind === "replace" || kind === "truncate" || kind === "title";
    if (isEdit && this.#seen.length === 0) return "read";
    if (kind === "finish" && this.#begun.length === 0) return "begin";
    if (kind === "keep" && this.#keeps !== "idle") return "append";
    return kind;
  }

  #sessions(): string[] {
    return [this.#own, this.#life.shared];
  }
}
