import { checkChoice, checkOptions, checkPath, checkSignal, refuse } from "./arguments.js";
import type { Connection } from "./connection.js";
import { DatabaseConnection } from "./database-connection.js";
import { ContextStoreError } from "./errors.js";
import { checkSupport } from "./support.js";
import { WorkerLink } from "./worker-link.js";

/** How {@link connect} opens a database. */
export interface ConnectOptions {
  /**
   * Milliseconds that an operation waits for the database while another tab holds it. @default 5000
   */
  readonly busyTimeout?: number | undefined;
  /**
   * `"full"`: this connection's writes are flushed to the disk before they are acknowledged. With `"normal"` an
   * acknowledged write survives the death of any process, but the last ones may be lost when the power fails.
   * @default "normal"
   */
  readonly synchronous?: "normal" | "full" | undefined;
  /** `"memory"`: nothing is kept. Never chosen unless asked for. @default "opfs" */
  readonly storage?: "opfs" | "memory" | undefined;
  /**
   * When the search index follows the messages: `"background"`, soon after each write, while this tab owns the database;
   * `"on-demand"`, with the next search, which then takes its time. @default "background"
   */
  readonly searchIndex?: "background" | "on-demand" | undefined;
  /**
   * Starts the worker, for bundlers that do not follow `new URL("...", import.meta.url)`. Calls between such a tab and
   * others stay on a `BroadcastChannel`, which takes longer than the ports that tabs change over to otherwise.
   */
  readonly worker?: (() => Worker) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A worker that the page's connections to one path share. */
interface Shared {
  readonly link: WorkerLink;
  readonly opened: Promise<void>;
  users: number;
}

// On the global object: a module that a bundler reloads while the page lives would otherwise start a second worker.
const REGISTRY = Symbol.for("axio-context-opfs.workers");
const CLOSING = Symbol.for("axio-context-opfs.closing");
type Global = { [REGISTRY]?: Map<string, Shared>; [CLOSING]?: Map<string, Promise<void>> };

/**
 * Opens the database at `path` in the origin private file system, or creates it. Connections of one page to the same
 * path share a worker, which the first of them starts with its `worker` and `searchIndex`, and opens the database within
 * its `busyTimeout`; tabs share the database. In a prerendered page it waits until the page is shown.
 *
 * Rejects `invalid-argument` for a path or option that makes no sense, `unsupported` where there is no OPFS, `busy` when
 * another tab holds the database and does not answer, `corrupt`, `newer-schema`, `worker-failed` when the worker or its
 * wasm cannot be loaded, `aborted` when `signal` fires, `quota` where there is no room for a new database.
 *
 * @param path names separated by "/". A leading "/" or "~/" is the origin's root, so `~/.axio/chat.db` works as in Python.
 */
export async function connect(path: string, options: ConnectOptions = {}): Promise<Connection> {
  const {
    busyTimeout = 5000,
    synchronous = "normal",
    storage = "opfs",
    searchIndex = "background",
    worker,
    signal,
  } = checkOptions(options);
  const name = checkPath(path);
  if (!(typeof busyTimeout === "number" && busyTimeout >= 0 && busyTimeout <= 2 ** 31 - 1))
    refuse("busyTimeout is a number of milliseconds from 0 to 2^31 - 1.");
  checkChoice("synchronous", synchronous, ["normal", "full"]);
  checkChoice("storage", storage, ["opfs", "memory"]);
  checkChoice("searchIndex", searchIndex, ["background", "on-demand"]);
  if (worker !== undefined && typeof worker !== "function") refuse("worker is a function that gives a Worker.");
  checkSignal(signal);
  if (signal?.aborted) throw aborted(signal);
  checkSupport(storage);
  const key = `${storage}:${name}`;
  // Who starts the worker knows where it is, and nobody knows where its broker is.
  const workers = worker ? { startWorker: worker } : { startWorker, startBroker };
  await abortable(untilShown(), signal);
  const shared = await share(
    key,
    signal,
    () => new WorkerLink({ path: name, storage, busyTimeout, searchIndex, ...workers }),
  );
  try {
    await abortable(shared.opened, signal);
  } catch (error) {
    // Whoever gives up does not wait for the worker.
    void leave(key, shared);
    throw error;
  }
  return new DatabaseConnection(path, shared.link, { full: synchronous === "full", busyTimeout }, storage, () =>
    leave(key, shared),
  );
}

function startWorker(): Worker {
  return new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" });
}

function startBroker(): SharedWorker {
  return new SharedWorker(new URL("../worker/broker.js", import.meta.url), { type: "module" });
}

/** A page that is rendered before anybody sees it starts no workers. */
async function untilShown(): Promise<void> {
  if ((document as { prerendering?: boolean }).prerendering)
    await new Promise((resolve) => document.addEventListener("prerenderingchange", resolve, { once: true }));
}

async function share(key: string, signal: AbortSignal | undefined, makeLink: () => WorkerLink): Promise<Shared> {
  const global = globalThis as Global;
  const registry = (global[REGISTRY] ??= new Map());
  const closing = (global[CLOSING] ??= new Map());
  while (closing.has(key)) await abortable(closing.get(key)!, signal);
  let shared = registry.get(key);
  if (!shared || shared.link.ended) {
    const link = makeLink();
    registry.set(key, (shared = { link, opened: link.open(), users: 0 }));
  }
  shared.users++;
  return shared;
}

async function leave(key: string, shared: Shared): Promise<void> {
  if (--shared.users > 0) return;
  const global = globalThis as Global;
  if (global[REGISTRY]!.get(key) === shared) global[REGISTRY]!.delete(key);
  const done = shared.link.close();
  global[CLOSING]!.set(key, done);
  await done;
  global[CLOSING]!.delete(key);
}

function abortable<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(aborted(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function aborted(signal: AbortSignal): ContextStoreError {
  return new ContextStoreError("aborted", "connect() was aborted by its signal.", { cause: signal.reason });
}
