import { releaseProxy, type Remote, wrap } from "comlink";
import type { WorkerApi } from "./protocol.js";

/**
 * A worker, and the functions that it offers. Comlink makes a proxy at every look-up and has a FinalizationRegistry tell
 * it when one is gone. That callback runs even while the page is in the back/forward cache, and the browser then throws
 * the page out of there. So each proxy is made once, and released with the worker.
 */
export class Bridge {
  readonly open: Remote<WorkerApi["open"]>;
  readonly run: Remote<WorkerApi["run"]>;
  readonly listen: Remote<WorkerApi["listen"]>;
  readonly close: Remote<WorkerApi["close"]>;
  readonly #worker: Worker;
  readonly #api: Remote<WorkerApi>;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#api = wrap<WorkerApi>(worker);
    this.open = this.#api.open;
    this.run = this.#api.run;
    this.listen = this.#api.listen;
    this.close = this.#api.close;
  }

  /** Ends the worker. Calls that it has not answered never settle. */
  end(): void {
    this.#worker.terminate();
    for (const made of [this.open, this.run, this.listen, this.close, this.#api]) made[releaseProxy]();
  }
}
