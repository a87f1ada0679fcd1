import { type Answer, keysOf, numberOf, type Operation, type Report } from "./operations.js";

/** A `busyTimeout` that is longer than any death or hang keeps calls waiting, on a busy machine too. */
export const PATIENT = 20_000;

/**
 * Milliseconds after which nothing that a dead page asked for is begun any more: the owner carries out no call whose
 * deadline has passed.
 */
const GRACE: number = PATIENT + 1000;

/** When something happened: somewhere between `start` and `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** The life that asked for it, and the number of the call, where that says in which order calls are carried out. */
  readonly life?: number;
  readonly number?: number | undefined;
  /** Carried out anew by the next owner, who may know already of what the page asked for later. */
  readonly isRead?: boolean;
}

/** Whether `a` happened before `b` for sure: it had ended, or the same page had asked for it first. */
export function isBefore(a: Span, b: Span): boolean {
  if (a.end < b.start) return true;
  if (a.isRead || a.life !== b.life || a.number === undefined || b.number === undefined) return false;
  return a.number < b.number;
}

/** A loading of the page in one tab. */
interface LifeRecord {
  /** Milliseconds that its calls wait for an owner. */
  readonly busyTimeout: number;
  /** From then on nothing that it asked for changes the database. */
  settledAt: number;
  diedAt: number;
}

/** A call that was recorded. */
export class Entry implements Span {
  readonly operation: Operation;
  readonly life: number;
  /** The rows that it writes. */
  readonly keys: readonly string[];
  readonly start: number;
  readonly isRead: boolean;
  readonly #number: number;
  readonly #record: LifeRecord;
  answer: Answer | undefined;
  answeredAt = Infinity;

  constructor(operation: Operation, life: number, record: LifeRecord, start: number) {
    this.operation = operation;
    this.life = life;
    this.keys = keysOf(operation);
    this.isRead = operation.kind === "read";
    this.#number = numberOf(operation);
    this.#record = record;
    this.start = start;
  }

  get end(): number {
    const grace = this.answer?.outcome === "unknown" ? GRACE : 0;
    return Math.min(this.answeredAt + grace, this.#record.settledAt);
  }

  get number(): number | undefined {
    // An import reads its file first, and other calls overtake it.
    return this.operation.kind === "import" || this.isRepeated ? undefined : this.#number;
  }

  /** Whether it was made again, and has lost its place. An impatient page may have died over that. */
  get isRepeated(): boolean {
    return this.answer ? this.answer.repeated === true : !this.isPatient;
  }

  get isDone(): boolean {
    return this.answer?.outcome === "done";
  }

  /** Whether nothing but a defect makes it wait too long: its page is patient. */
  get isPatient(): boolean {
    return this.#record.busyTimeout >= PATIENT;
  }

  get isRefused(): boolean {
    return this.answer?.outcome === "not-applied";
  }
}

/** All that was issued and acknowledged, by the harness's clock: kept outside the browser. */
export class Journal {
  readonly entries = new Map<string, Entry>();
  readonly #lives: LifeRecord[] = [];
  /** The number of the first commit of the latest owner that any tab has told of. */
  owner = 0;

  /** Gives the number of a new life. */
  begin(busyTimeout: number = PATIENT): number {
    return this.#lives.push({ busyTimeout, settledAt: Infinity, diedAt: Infinity }) - 1;
  }

  isAlive(life: number): boolean {
    return this.#lives[life]!.diedAt === Infinity;
  }

  /** A page is gone; what it had asked for may still lie with the owner. */
  die(life: number): void {
    const record = this.#lives[life]!;
    const now = performance.now();
    record.diedAt = Math.min(record.diedAt, now);
    record.settledAt = Math.min(record.settledAt, now + GRACE);
  }

  /** The browser is gone: nothing goes on. */
  dieAll(): void {
    const now = performance.now();
    for (const record of this.#lives) {
      record.diedAt = Math.min(record.diedAt, now);
      record.settledAt = Math.min(record.settledAt, now);
    }
  }

  /** Takes what a page has posted. */
  add({ life, issued = [], answers = [] }: Report): void {
    const now = performance.now();
    for (const operation of issued) this.#issue(operation, life, now);
    for (const answer of answers) {
      const entry = this.entries.get(answer.id)!;
      entry.answer = answer;
      entry.answeredAt = now;
      this.owner = Math.max(this.owner, answer.owner);
    }
  }

  #issue(operation: Operation, life: number, now: number): void {
    // Posted again by a page that came back from the back/forward cache.
    if (this.entries.has(operation.id)) return;
    this.entries.set(operation.id, new Entry(operation, life, this.#lives[life]!, now));
  }

  /** How many writes were acknowledged. */
  get acknowledged(): number {
    return [...this.entries.values()].filter(({ isDone, isRead }) => isDone && !isRead).length;
  }

  /** The calls that living pages wait for. */
  get pending(): Entry[] {
    return [...this.entries.values()].filter((entry) => !entry.answer && this.isAlive(entry.life));
  }

  /** Every session that a call may have made, with the calls that concern it. */
  get sessions(): Map<string, Entry[]> {
    const sessions = new Map<string, Entry[]>();
    const concern = (session: string, entry: Entry) => {
      const known = sessions.get(session);
      if (known) known.push(entry);
      else sessions.set(session, [entry]);
    };
    for (const entry of this.entries.values()) {
      const { operation } = entry;
      concern(operation.session, entry);
      if (operation.kind === "fork") concern(operation.target, entry);
    }
    return sessions;
  }
}
