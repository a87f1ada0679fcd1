import { Bridge } from "./bridge.js";
import { ContextStoreError } from "./errors.js";
import type { OpenOptions, PageApi, WireError } from "./protocol.js";

/** Milliseconds until a worker that has not opened the database counts as failed, `busyTimeout` not included. */
const BOOT_TIMEOUT = 15_000;

/** A worker that has opened the database. */
export interface Booted {
  readonly bridge: Bridge;
  readonly databaseId: string;
}

/** Opens the database in a new worker. Rejects, and ends the worker, when it cannot be loaded or cannot open it. */
export async function boot(worker: Worker, options: OpenOptions, page: PageApi): Promise<Booted> {
  const bridge = new Bridge(worker, page);
  const broken = whenBroken(worker, Math.min(BOOT_TIMEOUT + options.busyTimeout, 2 ** 31 - 1));
  try {
    const reply = await Promise.race([bridge.open(options), broken.promise]);
    if (!reply.ok) throw fromWire(reply.error);
    return { bridge, databaseId: reply.value.databaseId };
  } catch (error) {
    bridge.end();
    throw error;
  } finally {
    broken.forget();
  }
}

/** Rejects when the worker's script cannot be loaded or throws, or when it says nothing for too long. */
function whenBroken(worker: Worker, timeout: number): { promise: Promise<never>; forget: () => void } {
  const listening = new AbortController();
  let timer: ReturnType<typeof setTimeout>;
  const promise = new Promise<never>((_, reject) => {
    const onError = (event: ErrorEvent) => reject(workerMissing("could not be loaded", event.message));
    worker.addEventListener("error", onError, { signal: listening.signal });
    timer = setTimeout(
      () =>
        reject(
          workerMissing(
            `did not answer within ${timeout} ms: it ended itself, or its script or sqlite3.wasm did not arrive`,
          ),
        ),
      timeout,
    );
  });
  const forget = () => {
    listening.abort();
    clearTimeout(timer);
  };
  return { promise, forget };
}

/** The error of a worker that does not do its work. */
export function workerFailed(what: string, cause?: unknown): ContextStoreError {
  return new ContextStoreError("worker-failed", `The database worker ${what}.`, { cause });
}

/** The error of one that does not come. */
export function workerMissing(what: string, cause?: unknown): ContextStoreError {
  const advice =
    "Check that worker/worker.js of axio-context-opfs is served, and that the Content-Security-Policy allows it (worker-src 'self')";
  return workerFailed(`${what}. ${advice}`, cause);
}

/** An error that crossed the bridge, as one of this page. */
export function fromWire({ code, message, outcome, cause }: WireError): ContextStoreError {
  return new ContextStoreError(code, message, { outcome, ...(cause !== undefined && { cause }) });
}
