import { expose, releaseProxy, type Remote, transfer, wrap } from "comlink";
import type { OpenOptions, PageApi, WorkerApi } from "./protocol.js";

/**
 * A worker, and the functions that it and the page offer each other. Comlink makes a proxy at every look-up and has a
 * FinalizationRegistry tell it when one is gone. That callback runs even while the page is in the back/forward cache,
 * and the browser then throws the page out of there. So each proxy is made once, and released with the worker.
 */
export class Bridge {
  readonly #open: Remote<WorkerApi["open"]>;
  readonly run: Remote<WorkerApi["run"]>;
  readonly lineFailed: Remote<WorkerApi["lineFailed"]>;
  readonly listen: Remote<WorkerApi["listen"]>;
  readonly close: Remote<WorkerApi["close"]>;
  readonly #worker: Worker;
  readonly #api: Remote<WorkerApi>;
  readonly #page = new MessageChannel();

  constructor(worker: Worker, page: PageApi) {
    this.#worker = worker;
    this.#api = wrap<WorkerApi>(worker);
    const broker = () => {
      const port = page.broker();
      return port && transfer(port, [port]);
    };
    expose({ ...page, broker }, this.#page.port1);
    this.#open = this.#api.open;
    this.run = this.#api.run;
    this.lineFailed = this.#api.lineFailed;
    this.listen = this.#api.listen;
    this.close = this.#api.close;
  }

  open(options: OpenOptions): ReturnType<Remote<WorkerApi["open"]>> {
    const { port2 } = this.#page;
    return this.#open(options, transfer(port2, [port2]));
  }

  /** Ends the worker. Calls that it has not answered never settle. */
  end(): void {
    this.#worker.terminate();
    // A worker that ends before it has got the other end does not close it, and the page would keep both for ever.
    this.#page.port1.close();
    for (const made of [this.#open, this.run, this.lineFailed, this.listen, this.close, this.#api])
      made[releaseProxy]();
  }
}
