import type { Bridge } from "./bridge.js";
import { ContextStoreError, type WriteOutcome } from "./errors.js";
import { type OperationName, type Operations, WRITES } from "./operations.js";
import { BATCH, type CallTerms, type Reply, type Request, takeBatch, type WireError } from "./protocol.js";
import { UnsureAppends } from "./unsure-appends.js";
import { fromWire } from "./worker-boot.js";

interface Call {
  request: Request;
  readonly since: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ContextStoreError) => void;
}

/** The most calls that are under way, and that the database remembers of a page. */
const WINDOW = 4 * BATCH;

/** The most histories that are read at once. */
const READS = 4;

/** The calls of a page that have not been answered. They outlive the workers that they were given to. */
export class UnansweredCalls {
  /** Given to a worker, in order. */
  readonly #sent = new Map<number, Call>();
  readonly #unsure = new UnsureAppends();
  /** Not yet given to a worker, in order. */
  readonly #queue: Call[] = [];
  #seq = 0;
  #bridge: Bridge | undefined;

  /** Makes a call. Calls are carried out in the order in which they are made. */
  make<Name extends OperationName>(
    name: Name,
    args: Parameters<Operations[Name]>[0],
    terms: CallTerms,
  ): Promise<Awaited<ReturnType<Operations[Name]>>> {
    return new Promise((resolve, reject) => {
      const unsure = this.#unsure.take(name, args);
      const request: Request = { seq: unsure ?? ++this.#seq, name, args, terms, ...(unsure && { isRepeated: true }) };
      // Calls made in one go travel, and are committed, together.
      const call = { request, since: Date.now(), resolve: resolve as (value: unknown) => void, reject };
      if (this.#queue.push(call) === 1) queueMicrotask(() => this.#flush(this.#queue.length - 1));
    });
  }

  /** Gives them to this worker: first, once more, what an earlier one was given. With none, they wait for the next one. */
  giveTo(bridge: Bridge | undefined): void {
    this.#bridge = bridge;
    if (!bridge) return;
    const unanswered = [...this.#sent.values()];
    for (const call of unanswered) call.request = { ...call.request, isRepeated: true };
    while (unanswered.length > 0) void this.#run(takeBatch(unanswered));
    this.#flush();
  }

  /** Rejects all of them with this error. */
  end(error: ContextStoreError): void {
    const { code, message, cause } = error;
    const rejection = (outcome: WriteOutcome) => fromWire({ code, message, cause, outcome });
    for (const { request, reject } of this.#sent.values())
      reject(rejection(WRITES.has(request.name) ? "unknown" : "not-applied"));
    for (const { reject } of this.#queue) reject(rejection("not-applied"));
    this.#sent.clear();
    this.#queue.length = 0;
  }

  /** `count`: how many calls this task has made, or posted, besides the next. */
  #flush(count = 0): void {
    while (this.#bridge && this.#queue.length > 0 && this.#sent.size < WINDOW && !this.#readsEnough()) {
      // Both are work: the rest has tasks of its own, those of answers to no call. Timers of a hidden page sleep.
      if (count >= BATCH) return void this.#run([]);
      const calls = takeBatch(this.#queue);
      for (const call of calls) this.#sent.set(call.request.seq, call);
      count += calls.length;
      void this.#run(calls);
    }
  }

  /** Many histories at once would keep other tabs waiting until the last of them is read. */
  #readsEnough(): boolean {
    if (this.#queue[0]!.request.name !== "messages") return false;
    return [...this.#sent.values()].filter(({ request }) => request.name === "messages").length >= READS;
  }

  async #run(calls: readonly Call[]): Promise<void> {
    let replies: readonly Reply[];
    try {
      const requests = calls.map(({ request }) => request);
      const unanswered = [...this.#unsure.seqs, ...this.#sent.keys()].sort((a, b) => a - b);
      replies = await this.#bridge!.run(requests, unanswered);
    } catch (cause) {
      // The arguments have been checked: structured clone refuses nothing but an image whose buffer was transferred.
      const message = "This message cannot be sent to the worker: the data of an image in it is detached.";
      const refused = new ContextStoreError("invalid-message", message, { cause });
      replies = calls.map(() => ({ ok: false, error: refused }));
    }
    for (const [place, { request }] of calls.entries()) this.#settle(request.seq, replies[place]!);
    this.#flush();
  }

  #settle(seq: number, reply: Reply): void {
    const call = this.#sent.get(seq);
    this.#sent.delete(seq);
    if (!call) return;
    if (reply.ok) return call.resolve(reply.value);
    if (reply.error.outcome === "unknown") this.#unsure.add(call.request);
    call.reject(fromWire(reply.error));
    if (reply.error.code === "busy") this.#giveUpQueued(reply.error);
  }

  /** The owner hangs: what waits behind the window may have waited for it as long. */
  #giveUpQueued(error: WireError): void {
    const now = Date.now();
    for (const call of this.#queue.splice(0)) {
      if (now - call.since < call.request.terms.busyTimeout) this.#queue.push(call);
      else call.reject(fromWire({ ...error, outcome: "not-applied" }));
    }
  }
}
