import { type Remote, wrap } from "comlink";
import { ContextStoreError, type ErrorCode } from "./errors.js";
import { newUid } from "./ids.js";
import {
  type OperationName,
  type Operations,
  PROTOCOL,
  type Reply,
  type Request,
  WRITES,
  type WorkerApi,
} from "./protocol.js";

/** How the worker is started and the database opened. */
export interface LinkOptions {
  readonly path: string;
  readonly storage: "opfs" | "memory";
  readonly busyTimeout: number;
  readonly startWorker: () => Worker;
}

/** A call that has not been answered. It outlives the worker it was given to. */
interface Call {
  readonly request: Request;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ContextStoreError) => void;
  sent: boolean;
}

/** The most calls that are given to the worker at once: what it commits together, and the page posts in one task. */
const BATCH = 128;

/** Milliseconds until a worker that has not opened the database counts as failed, `busyTimeout` not included. */
const BOOT_TIMEOUT = 15_000;

/**
 * The page's end of the bridge: one worker, started again when it dies or the page comes back from the back/forward
 * cache, and the calls that it has not answered, which the next one is given again.
 */
export class WorkerLink {
  /** The page, as the database remembers it. Never kept in sessionStorage: a duplicated tab would share it. */
  readonly #client = newUid();
  readonly #options: LinkOptions;
  readonly #calls = new Map<number, Call>();
  #queue: Call[] = [];
  #seq = 0;
  #worker: Worker | undefined;
  #api: Remote<WorkerApi> | undefined;
  #generation = 0;
  #databaseId: string | undefined;
  #watch: AbortController | undefined;
  #failed: ContextStoreError | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Starts the worker. Rejects when it cannot be started or cannot open the database. */
  async open(): Promise<void> {
    await this.#start();
    addEventListener("pagehide", this.#suspend);
    addEventListener("pageshow", this.#resume);
    document.addEventListener("freeze", this.#suspend);
    document.addEventListener("resume", this.#resume);
  }

  /** Asks for an operation. Calls are carried out in the order in which they are made. */
  call<Name extends OperationName>(
    name: Name,
    args: Parameters<Operations[Name]>[0],
    full = false,
  ): Promise<Awaited<ReturnType<Operations[Name]>>> {
    if (this.#failed) return Promise.reject(again(this.#failed));
    return new Promise((resolve, reject) => {
      const request = { seq: ++this.#seq, name, args, full };
      const call: Call = { request, resolve: resolve as (value: unknown) => void, reject, sent: false };
      this.#calls.set(request.seq, call);
      // Calls made in one go travel, and are committed, together.
      if (this.#queue.push(call) === 1) queueMicrotask(() => this.#flush());
    });
  }

  /** The worker's own interface, for what is not an operation on the database. */
  get api(): Remote<WorkerApi> {
    if (!this.#api) throw this.#failed ?? new ContextStoreError("closed", "The connection is closed; connect again.");
    return this.#api;
  }

  /** Lets go of the database and ends the worker. */
  async close(): Promise<void> {
    this.#end(new ContextStoreError("closed", "The connection was closed; connect again."));
    removeEventListener("pagehide", this.#suspend);
    removeEventListener("pageshow", this.#resume);
    document.removeEventListener("freeze", this.#suspend);
    document.removeEventListener("resume", this.#resume);
    this.#watch?.abort();
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker && this.#api) await Promise.race([this.#api.close(), new Promise((resolve) => setTimeout(resolve, 2000))]);
    worker?.terminate();
  }

  async #start(): Promise<void> {
    const { path, storage, busyTimeout, startWorker } = this.#options;
    const alive = `axio-context-opfs:${path}:alive:${this.#client}:${++this.#generation}`;
    let worker: Worker;
    try {
      worker = startWorker();
    } catch (error) {
      throw workerFailed("could not be started", error);
    }
    this.#worker = worker;
    const api = wrap<WorkerApi>(worker);
    const { databaseId } = unwrap(
      await Promise.race([
        api.open({ protocol: PROTOCOL, path, storage, busyTimeout, client: this.#client, alive, databaseId: this.#databaseId }),
        whenBroken(worker, BOOT_TIMEOUT + busyTimeout),
      ]).catch((error: unknown) => {
        worker.terminate();
        throw error;
      }),
    );
    if (this.#worker !== worker) return;
    this.#databaseId = databaseId;
    this.#api = api;
    void this.#restartOnDeath(worker, alive);
    this.#send([...this.#calls.values()]);
  }

  // A worker that dies says nothing: no event in either browser. It holds a lock as long as it lives.
  async #restartOnDeath(worker: Worker, alive: string): Promise<void> {
    this.#watch = new AbortController();
    try {
      await navigator.locks.request(alive, { signal: this.#watch.signal }, () => {});
    } catch {
      return;
    }
    if (this.#worker === worker) this.#restart();
  }

  #restart(): void {
    this.#start().catch((error: unknown) => this.#end(error instanceof ContextStoreError ? error : workerFailed("failed", error)));
  }

  // A page in the back/forward cache, or frozen, must hold neither the database nor a lock request. Its unanswered calls
  // stay here.
  readonly #suspend = (event: Event): void => {
    if (event.type === "pagehide" && !(event as PageTransitionEvent).persisted) return;
    this.#watch?.abort();
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#api = undefined;
  };

  readonly #resume = (): void => {
    if (!this.#worker && !this.#failed) this.#restart();
  };

  #flush(): void {
    const queued = this.#queue;
    this.#queue = [];
    if (this.#api) this.#send(queued.slice(0, BATCH));
    if (queued.length <= BATCH) return;
    this.#queue = queued.slice(BATCH);
    setTimeout(() => this.#flush());
  }

  #send(calls: readonly Call[]): void {
    const waiting = calls.filter(({ request }) => this.#calls.has(request.seq));
    for (let at = 0; at < waiting.length; at += BATCH) void this.#run(waiting.slice(at, at + BATCH));
  }

  async #run(calls: readonly Call[]): Promise<void> {
    let replies: readonly Reply[];
    try {
      const requests = calls.map((call) => {
        call.sent = true;
        return call.request;
      });
      replies = await this.#api!.run(requests, this.#settled());
    } catch (error) {
      // What structured clone refuses; the arguments have been checked, so only a detached image can do that.
      const refused = new ContextStoreError("invalid-message", "This message cannot be sent to the worker; is the data of an image detached?", { cause: error });
      for (const { request } of calls) this.#settle(request.seq, { ok: false, error: refused });
      return;
    }
    for (const [place, { request }] of calls.entries()) this.#settle(request.seq, replies[place]!);
  }

  /** Every call up to this one has been answered. The map keeps them in order. */
  #settled(): number {
    const oldest = this.#calls.keys().next();
    return oldest.done === true ? this.#seq : oldest.value - 1;
  }

  #settle(seq: number, reply: Reply): void {
    const call = this.#calls.get(seq);
    if (!call) return;
    this.#calls.delete(seq);
    if (reply.ok) call.resolve(reply.value);
    else call.reject(fromWire(reply.error));
  }

  #end(error: ContextStoreError): void {
    this.#failed ??= error;
    for (const { request, sent } of this.#calls.values()) {
      const outcome = sent && WRITES.has(request.name) ? "unknown" : "not-applied";
      this.#settle(request.seq, { ok: false, error: { code: error.code, message: error.message, outcome, cause: error.cause } });
    }
    this.#queue = [];
  }
}

/** The value of a reply, or its error thrown. */
export function unwrap<Value>(reply: Reply<Value>): Value {
  if (reply.ok) return reply.value;
  throw fromWire(reply.error);
}

function fromWire({ code, message, outcome, cause }: { code: ErrorCode; message: string; outcome: ContextStoreError["outcome"]; cause?: unknown }): ContextStoreError {
  return new ContextStoreError(code, message, { outcome, ...(cause !== undefined && { cause }) });
}

function again(error: ContextStoreError): ContextStoreError {
  return fromWire({ code: error.code, message: error.message, outcome: "not-applied", cause: error.cause });
}

function whenBroken(worker: Worker, timeout: number): Promise<never> {
  return new Promise((_, reject) => {
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      reject(workerFailed("could not be loaded", event.message ?? event));
    });
    setTimeout(() => reject(workerFailed(`did not answer within ${timeout} ms`)), timeout);
  });
}

function workerFailed(what: string, cause?: unknown): ContextStoreError {
  const hint = "Check that worker/worker.js of axio-context-opfs, and sqlite3.wasm beside it, are served, and that worker-src and script-src of the Content-Security-Policy allow them ('self' and 'wasm-unsafe-eval').";
  return new ContextStoreError("worker-failed", `The database worker ${what}. ${hint}`, { cause });
}
