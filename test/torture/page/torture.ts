import { connect, type Connection, isContextStoreError, SQLiteContextStore } from "../../../src/index.js";
import type { Answer, CrowdWork, HeardAppend, Life, Operation, SessionState } from "../operations.js";
import { appendInCrowd, hearCrowd } from "./crowd.js";
import { perform, readRows } from "./perform.js";
import { Plan } from "./plan.js";
import { Reporter } from "./reporter.js";

declare global {
  /** What the harness calls in the page. */
  var torture: Torture;
}

const PATH = "torture.db";

/** Milliseconds that an owner may take to open the database. */
const OPENING = 30_000;

/** How often what ended `unknown` is made again. */
const REPEATS = 100;

/** So many calls are under way in a tab when it makes no more, as a multiple of those that it makes in one go. */
const WINDOW = 2;

class Torture {
  life: number | undefined;
  #connection: Connection | undefined;
  /** Of the same worker, but perhaps less patient. */
  #calls: Connection | undefined;
  #worker: Worker | undefined;
  #heard: readonly HeardAppend[] = [];
  #owner = 0;
  #isOn = false;
  #working: Promise<void> | undefined;
  readonly #pending = new Map<string, Promise<void>>();

  /** Opens the database, and resolves to how many milliseconds that took. */
  async open(): Promise<number> {
    const begin = performance.now();
    this.#noteWorkers();
    // How long it takes on a busy machine is measured, and no fault.
    this.#connection = await connect(PATH, { busyTimeout: OPENING });
    return performance.now() - begin;
  }

  /** The one to be ended is that which connect() starts: with one of our own, tabs would have no lines to each other. */
  #noteWorkers(): void {
    const note = (worker: Worker) => (this.#worker = worker);
    globalThis.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        if (options?.name === undefined) note(this);
      }
    };
  }

  /** Begins a life. */
  async start(life: Life): Promise<void> {
    this.life = life.life;
    this.#calls = await connect(PATH, { busyTimeout: life.busyTimeout });
    // Each owner that this tab meets makes itself known to listeners.
    this.#connection!.subscribe(({ kind, commit }) => {
      if (kind === "resync") this.#owner = commit;
    });
    this.#isOn = true;
    this.#working = this.#work(new Plan(life), new Reporter(life.recorder, life.life), WINDOW * life.atOnce);
  }

  /** Makes no more calls, and resolves once all have been answered. */
  async stop(): Promise<void> {
    this.#isOn = false;
    await this.#working;
    await Promise.all(this.#pending.values());
  }

  /** Listens to a crowd from now on. */
  async listen(): Promise<void> {
    this.#heard = hearCrowd(this.#connection!);
    // The worker has been told to listen when it answers what it was asked after that.
    await this.role();
  }

  /** The appends that it has heard of, once those are so many. */
  async heard(count: number): Promise<readonly HeardAppend[]> {
    while (this.#heard.length < count) await this.role();
    return this.#heard;
  }

  /**
   * Takes part in a crowd in which nobody dies. Gives a `CrowdRecord` as JSON: as an object it would block the page
   * for seconds on its way out, while others append.
   */
  async append(tab: number, work: CrowdWork): Promise<string> {
    return JSON.stringify(await appendInCrowd(this.#connection!, tab, work));
  }

  async role(): Promise<"owner" | "follower"> {
    return (await this.#connection!.status()).role;
  }

  /** Gives the moment of it. */
  endWorker(): number {
    this.#worker!.terminate();
    return Date.now();
  }

  /** The sessions that are listed, with their titles. */
  async titles(): Promise<[session: string, title: string | undefined][]> {
    const sessions = await new SQLiteContextStore(this.#connection!, "-").listSessions();
    return sessions.map(({ sessionId, title }) => [sessionId, title]);
  }

  /** Gives `SessionState`s as JSON: a driver takes minutes for so many objects. */
  async read(sessions: readonly string[]): Promise<string> {
    const states = sessions.map(async (session): Promise<SessionState> => {
      const store = new SQLiteContextStore(this.#connection!, session);
      return { session, rows: await readRows(store), tokens: await store.getContextTokens() };
    });
    return JSON.stringify(await Promise.all(states));
  }

  /** What is wrong with the file. */
  async problems(): Promise<string[]> {
    const { ok, problems } = await this.#connection!.checkIntegrity();
    return ok ? [] : problems.map((problem) => JSON.stringify(problem));
  }

  async #work(plan: Plan, reporter: Reporter, window: number): Promise<void> {
    while (this.#isOn) {
      const operations = plan.next();
      await reporter.issue(operations);
      for (const operation of operations) this.#pending.set(operation.id, this.#make(operation, plan, reporter));
      while (this.#pending.size >= window) await Promise.race(this.#pending.values());
    }
  }

  async #make(operation: Operation, plan: Plan, reporter: Reporter): Promise<void> {
    const answer = await this.#answer(operation);
    plan.ended(operation, answer);
    reporter.answer({ ...answer, owner: this.#owner, at: Date.now() });
    this.#pending.delete(operation.id);
  }

  async #answer(operation: Operation): Promise<Omit<Answer, "owner" | "at">> {
    const { id, kind } = operation;
    const first = await this.#attempt(operation);
    if (first.outcome !== "unknown" || kind !== "append") return { id, ...first };
    for (let turn = 0; turn < REPEATS; turn++) {
      const again = await this.#attempt(operation);
      if (again.outcome === "done") return { id, ...again, repeated: true };
    }
    // One of them may have been carried out.
    return { id, ...first, repeated: true };
  }

  async #attempt(operation: Operation): Promise<Omit<Answer, "id" | "owner" | "at">> {
    try {
      return { outcome: "done", ...(await perform(this.#calls!, operation)) };
    } catch (error) {
      const outcome = isContextStoreError(error) ? error.outcome : "unknown";
      return { outcome, error: isContextStoreError(error) ? `${error.code}: ${error.message}` : String(error) };
    }
  }
}

globalThis.torture = new Torture();
