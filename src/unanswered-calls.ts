import type { Bridge } from "./bridge.js";
import { type ContextStoreError, DEFECT } from "./errors.js";
import type { Line } from "./line.js";
import { type OperationName, type Operations, WRITES } from "./operations.js";
import {
  BATCH,
  type CallTerms,
  isLocal,
  type Reply,
  type Request,
  type Success,
  takeBatch,
  takesDetour,
  type WireError,
} from "./protocol.js";
import { UnsureAppends } from "./unsure-appends.js";
import { fromWire, workerFailed } from "./worker-boot.js";

interface Call {
  request: Request;
  /** When it was made, and then: when it was given to a worker or a line. */
  since: number;
  readonly resolve: (answer: Success<unknown>) => void;
  readonly reject: (error: ContextStoreError) => void;
}

/** The most calls that are under way, and that the database remembers of a page. */
const WINDOW = 4 * BATCH;

/** The most histories that are read at once. */
const READS = 4;

/**
 * What a line leaves unanswered for so long, in milliseconds, is asked for by way of the worker: a quarter of the time
 * that a call waits, within these bounds.
 */
const SILENCE = { least: 100, most: 1000 };

/** The calls of a page that have not been answered. They outlive the workers that they were given to. */
export class UnansweredCalls {
  /** Given to a worker, in order. */
  readonly #sent = new Map<number, Call>();
  readonly #unsure = new UnsureAppends();
  /** Not yet given to a worker, in order. */
  readonly #queue: Call[] = [];
  #seq = 0;
  #bridge: Bridge | undefined;
  /** Through which calls go that take no detour. */
  #line: Line | undefined;
  /** One that is used as soon as nothing is under way: then no call can overtake another. */
  #nextLine: Line | undefined;
  #watched: Line | undefined;

  /** Makes a call. Calls are carried out in the order in which they are made. */
  make<Name extends OperationName>(
    name: Name,
    args: Parameters<Operations[Name]>[0],
    terms: CallTerms,
  ): Promise<Success<Awaited<ReturnType<Operations[Name]>>>> {
    return new Promise((resolve, reject) => {
      const seq = this.#unsure.repeat(name, args);
      const request: Request = { seq: seq ?? ++this.#seq, name, args, terms, ...(seq && { isRepeated: true }) };
      // Calls made in one go travel, and are committed, together.
      const call = { request, since: Date.now(), resolve: resolve as Call["resolve"], reject };
      if (this.#queue.push(call) === 1) queueMicrotask(() => this.#flush(this.#queue.length - 1));
    });
  }

  /** Gives them to this worker: first, once more, what an earlier one was given. With none, they wait for the next one. */
  giveTo(bridge: Bridge | undefined): void {
    this.#bridge = bridge;
    if (bridge) this.#repeat([...this.#sent.values()]);
    else this.#endLines();
  }

  /** Goes through this line from now on, or by way of the worker: then once more with what a line was given. */
  takeLine(line: Line | undefined): void {
    const given = this.#line ? this.#onLine() : [];
    this.#endLines();
    this.#nextLine = line;
    for (const call of given) call.request = { ...call.request, waited: Date.now() - call.since };
    this.#repeat(given);
  }

  #endLines(): void {
    this.#line?.end();
    this.#nextLine?.end();
    this.#line = this.#nextLine = undefined;
  }

  #onLine(): Call[] {
    return [...this.#sent.values()].filter(({ request }) => !takesDetour(request));
  }

  #repeat(calls: Call[]): void {
    for (const call of calls) call.request = { ...call.request, isRepeated: true };
    while (calls.length > 0) void this.#run(takeBatch(calls), this.#bridge!);
    this.#flush();
  }

  /** Rejects those that were made on these terms. What they ask for is carried out all the same. */
  leave(terms: CallTerms, error: ContextStoreError): void {
    for (const { request, reject } of [...this.#sent.values(), ...this.#queue]) {
      if (request.terms === terms) reject(error);
    }
  }

  /** Rejects all of them with this error. */
  end(error: ContextStoreError): void {
    for (const call of [...this.#sent.values(), ...this.#queue.splice(0)]) this.#giveUp(call, error);
  }

  /** `count`: how many calls this task has made, or posted, besides the next. */
  #flush(count = 0): void {
    while (this.#bridge && this.#queue.length > 0 && this.#sent.size < WINDOW && !this.#readsEnough()) {
      // Both are work: the rest has tasks of its own, those of answers to no call. Timers of a hidden page sleep.
      if (count >= BATCH) return void this.#run([], this.#bridge);
      const way = this.#wayOf(this.#queue[0]!.request);
      if (!way) return;
      const calls = takeBatch(this.#queue);
      for (const call of calls) {
        call.since = Date.now();
        this.#sent.set(call.request.seq, call);
      }
      count += calls.length;
      void this.#run(calls, way);
    }
  }

  /** What a call is given to. None where it would overtake those before it. */
  #wayOf(request: Request): Bridge | Line | undefined {
    if (this.#nextLine && this.#sent.size === 0) [this.#line, this.#nextLine] = [this.#nextLine, undefined];
    if (!this.#line || isLocal(request)) return this.#bridge;
    if (!takesDetour(request)) return this.#line;
    return this.#onLine().length === 0 ? this.#bridge : undefined;
  }

  /** Gives up the line once a call has been waiting for too long. What has become of the owner, the worker finds out. */
  async #watch(line: Line): Promise<void> {
    if (this.#watched === line) return;
    this.#watched = line;
    for (let first; this.#line === line && (first = this.#onLine()[0]);) {
      const { seq, terms } = first.request;
      const ms = Math.min(SILENCE.most, Math.max(SILENCE.least, terms.busyTimeout / 4));
      // The page's own timers sleep while it is hidden.
      await this.#bridge!.run([{ seq: 0, name: "wait", args: { ms }, terms }], this.#unanswered());
      if (this.#line !== line || !this.#sent.has(seq)) continue;
      void this.#bridge!.lineFailed();
      this.takeLine(undefined);
    }
    if (this.#watched === line) this.#watched = undefined;
  }

  /** Many histories at once would keep other tabs waiting until the last of them is read. */
  #readsEnough(): boolean {
    if (this.#queue[0]!.request.name !== "messages") return false;
    return [...this.#sent.values()].filter(({ request }) => request.name === "messages").length >= READS;
  }

  async #run(calls: readonly Call[], way: Bridge | Line): Promise<void> {
    let replies: readonly Reply[];
    try {
      const requests = calls.map(({ request }) => request);
      const answer = way.run(requests, this.#unanswered());
      if (way === this.#line) void this.#watch(way);
      replies = await answer;
    } catch (cause) {
      // The arguments have been checked: this is a defect of the worker.
      for (const call of calls) this.#giveUp(call, workerFailed(`failed. ${DEFECT}`, cause));
      return this.#flush();
    }
    for (const [place, { request }] of calls.entries()) this.#settle(request.seq, replies[place]!);
    this.#flush();
  }

  #unanswered(): number[] {
    return [...this.#unsure.seqs, ...this.#sent.keys()].sort((a, b) => a - b);
  }

  #settle(seq: number, reply: Reply): void {
    const call = this.#sent.get(seq);
    this.#sent.delete(seq);
    if (!call) return;
    this.#unsure.settle(call.request, !reply.ok && reply.error.outcome === "unknown");
    if (reply.ok) return call.resolve(reply);
    call.reject(fromWire(reply.error));
    if (reply.error.code === "busy") this.#giveUpQueued(reply.error);
  }

  /** The owner hangs: what waits behind the window may have waited for it as long. */
  #giveUpQueued(error: WireError): void {
    const now = Date.now();
    for (const call of this.#queue.splice(0)) {
      if (isLocal(call.request) || now - call.since < call.request.terms.busyTimeout) this.#queue.push(call);
      else this.#giveUp(call, error);
    }
  }

  /** Rejects a call that has no answer. */
  #giveUp({ request, reject }: Call, { code, message, cause }: WireError): void {
    const isUnsure = WRITES.has(request.name) && (request.isRepeated || this.#sent.has(request.seq));
    this.#sent.delete(request.seq);
    this.#unsure.settle(request, isUnsure);
    reject(fromWire({ code, message, cause, outcome: isUnsure ? "unknown" : "not-applied" }));
  }
}
