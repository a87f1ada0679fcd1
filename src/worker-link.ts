import { refuse } from "./arguments.js";
import type { Bridge } from "./bridge.js";
import type { ContextChange } from "./changes.js";
import { ContextStoreError, DEFECT } from "./errors.js";
import { newUid } from "./ids.js";
import type { ImportReport, OperationName, Operations } from "./operations.js";
import { Line } from "./line.js";
import { type CallTerms, PROTOCOL, type Success, type WorkerEvent } from "./protocol.js";
import type { ImportProgress } from "./reports.js";
import { UnansweredCalls } from "./unanswered-calls.js";
import { boot, type Booted, fromWire, workerFailed, workerMissing } from "./worker-boot.js";
import { pause, untilDeath, untilEarlyDeath } from "./worker-death.js";

/** How the worker is started and the database opened. */
export interface LinkOptions {
  readonly path: string;
  readonly storage: "opfs" | "memory";
  readonly busyTimeout: number;
  readonly searchIndex: "background" | "on-demand";
  readonly startWorker: () => Worker;
  /** Connects to the broker. Throws where the browser has no shared workers. */
  readonly startBroker?: (() => SharedWorker) | undefined;
}

const started = new WeakSet<Worker>();

/** How long another worker may take until it holds its lock; the one after it may take twice as long, a third as it likes. */
const LOCK_MS = 2000;

/** Milliseconds that a worker may take to let go of the database before it is ended all the same. */
const CLOSE_TIMEOUT = 2000;

/**
 * The page's end of the bridge: one worker, started again when it dies or the page comes back from the back/forward
 * cache, and the calls that it has not answered, which the next one is given again.
 */
export class WorkerLink {
  /** The page, as the database remembers it. Never kept in sessionStorage: a duplicated tab would share it. */
  readonly #client = newUid();
  readonly #options: LinkOptions;
  readonly #calls = new UnansweredCalls();
  readonly #listening = new AbortController();
  /** By import: who wants to hear how far it has come. */
  readonly progress: Map<string, (progress: ImportProgress) => void> = new Map();
  readonly #listeners = new Set<(change: ContextChange) => void>();
  #lastCommit = 0;
  /** The last commit that an answer of a line has shown. */
  #shown = 0;
  #generation = 0;
  #worker: Worker | undefined;
  #bridge: Bridge | undefined;
  #databaseId: string | undefined;
  #death: AbortController | undefined;
  /** Settles with the worker's death. */
  #dying: Promise<void> | undefined;
  #opening: { resolve: () => void; reject: (error: ContextStoreError) => void } | undefined;
  #ended: ContextStoreError | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Starts the worker. Rejects when it cannot be started or cannot open the database. */
  open(): Promise<void> {
    // What is in memory would not survive the end of its worker.
    if (this.#options.storage === "opfs") {
      // A page in the back/forward cache, or frozen, must hold neither the database nor a lock request. Its unanswered
      // calls stay here.
      const { signal } = this.#listening;
      addEventListener("pagehide", (event) => event.persisted && this.#endWorker(), { signal });
      addEventListener("pageshow", () => this.#resume(), { signal });
      document.addEventListener("freeze", () => this.#endWorker(), { signal });
      document.addEventListener("resume", () => this.#resume(), { signal });
    }
    return new Promise((resolve, reject) => {
      this.#opening = { resolve, reject };
      this.#restart();
    });
  }

  /** Asks for an operation. Calls are carried out in the order in which they are made. */
  call<Name extends OperationName>(
    name: Name,
    args: Parameters<Operations[Name]>[0],
    terms: CallTerms,
  ): Promise<Success<Awaited<ReturnType<Operations[Name]>>>> {
    if (this.#ended) return Promise.reject(fromWire(this.#ended));
    return this.#calls.make(name, args, terms);
  }

  /** Rejects the calls that were made on these terms, and goes on serving the page's other connections. */
  leave(terms: CallTerms, error: ContextStoreError): void {
    this.#calls.leave(terms, error);
  }

  /** Tells the listener of every change from now on, until the function that it gives is called. */
  listen(listener: (change: ContextChange) => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) void this.#listen();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) void this.#listen();
    };
  }

  /** Whether the worker, or the database, is gone for good. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Lets go of the database and ends the worker. */
  async close(): Promise<void> {
    this.#end(new ContextStoreError("closed", "The connection is closed; call connect() again."));
    this.#listening.abort();
    const released = this.#bridge?.close();
    const end = this.#leaveWorker();
    await Promise.race([released, this.#dying, pause(CLOSE_TIMEOUT)]);
    end();
  }

  async #start(patience = LOCK_MS): Promise<void> {
    const { path, storage, busyTimeout, searchIndex, startWorker } = this.#options;
    const client = this.#client;
    const alive = `axio-context-opfs:${path}:alive:${client}:${++this.#generation}`;
    let worker: Worker;
    try {
      worker = startWorker();
    } catch (error) {
      throw workerMissing("could not be started", error);
    }
    // One that serves another database would carry out this one's calls there.
    if (typeof worker?.terminate !== "function" || started.has(worker))
      refuse("worker is a function that gives a new Worker at every call.");
    started.add(worker);
    this.#worker = worker;
    const databaseId = this.#databaseId;
    const options = { protocol: PROTOCOL, path, storage, busyTimeout, searchIndex, client, alive, databaseId };
    const isUp = new AbortController();
    let booted: Booted | undefined;
    try {
      const booting = boot(worker, options, {
        tell: (event) => this.#hear(worker, event),
        broker: () => this.#findBroker(),
        line: (port) => this.#takeLine(worker, port),
      });
      // Where the first one cannot be started, neither can another.
      const isWatched = databaseId !== undefined && patience <= 2 * LOCK_MS;
      booted = await (isWatched ? Promise.race([booting, untilEarlyDeath(alive, patience, isUp.signal)]) : booting);
    } catch (error) {
      // The page was hidden meanwhile, and has, or will have, another worker: this one's end is nobody's concern.
      if (this.#worker !== worker && !this.#ended) return;
      throw error;
    } finally {
      isUp.abort();
    }
    if (this.#worker !== worker) return booted?.bridge.end();
    if (!booted) {
      this.#endWorker();
      return this.#start(patience * 2);
    }
    this.#databaseId = booted.databaseId;
    this.#bridge = booted.bridge;
    this.#opening?.resolve();
    void this.#awaitDeath(alive, booted.bridge);
    if (this.#listeners.size > 0) {
      void this.#listen();
      // While there was no worker, nobody listened.
      this.#tell({ kind: "resync", dbName: "", commit: this.#lastCommit, local: false });
    }
    // A listener may have closed the connection.
    this.#calls.giveTo(this.#bridge);
  }

  async #awaitDeath(alive: string, bridge: Bridge): Promise<void> {
    const { signal } = (this.#death = new AbortController());
    await (this.#dying = untilDeath(alive, () => this.#listen(bridge), signal));
    // The lock may have been granted while the wait was being given up.
    if (this.#bridge !== bridge) return;
    this.#endWorker();
    if (this.#options.storage === "memory")
      this.#end(workerFailed("died, and what was in its memory is lost. Call connect() again to begin anew"));
    else this.#restart();
  }

  #restart(): void {
    this.#start().catch((error: unknown) => {
      this.#endWorker();
      this.#end(error instanceof ContextStoreError ? error : workerFailed(`failed. ${DEFECT}`, error));
    });
  }

  #resume(): void {
    if (!this.#worker && !this.#ended) this.#restart();
  }

  #hear(worker: Worker, event: WorkerEvent): void {
    if (this.#worker !== worker) return;
    if (event.type === "progress") return this.#report(event);
    if (event.type === "changes") return event.changes.forEach((change) => this.#tell(change));
    this.#endWorker();
    this.#end(fromWire(event.error));
  }

  /** Where a browser has no shared workers, or forbids them, tabs talk all the same, only slower. */
  #findBroker(): MessagePort | undefined {
    try {
      return this.#options.startBroker?.().port;
    } catch {
      return undefined;
    }
  }

  #takeLine(worker: Worker, port: MessagePort | undefined): void {
    if (this.#worker !== worker) return port?.close();
    this.#calls.takeLine(port && new Line(port, (commit) => (this.#shown = Math.max(this.#shown, commit))));
  }

  async #listen(bridge = this.#bridge): Promise<void> {
    await bridge?.listen(this.#listeners.size > 0, this.#shown);
  }

  #tell(told: ContextChange): void {
    // A worker that follows the same owner anew says with which commit that one began.
    const commit = Math.max(this.#lastCommit, told.commit);
    const change = { ...told, commit };
    this.#lastCommit = commit;
    // A listener may end itself, or others, and begin new ones: these hear of what comes next.
    for (const listener of Array.from(this.#listeners)) {
      if (!this.#listeners.has(listener)) continue;
      try {
        listener(change);
      } catch (error) {
        // One listener's fault must not keep the change from the others.
        reportError(error);
      }
    }
  }

  #report({ importId, progress }: ImportReport): void {
    try {
      this.progress.get(importId)?.(progress);
    } catch (error) {
      reportError(error);
    }
  }

  /** What the worker says from now on is not heard. Gives what ends it. */
  #leaveWorker(): () => void {
    const worker = this.#worker;
    const bridge = this.#bridge;
    this.#worker = undefined;
    this.#bridge = undefined;
    this.#calls.giveTo(undefined);
    return () => {
      this.#death?.abort();
      worker?.terminate();
      bridge?.end();
    };
  }

  #endWorker(): void {
    this.#leaveWorker()();
  }

  /** The end: every call, now and later, rejects with this error. */
  #end(error: ContextStoreError): void {
    this.#ended ??= error;
    this.#opening?.reject(error);
    this.#calls.end(error);
  }
}
