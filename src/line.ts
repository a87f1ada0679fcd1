import { releaseProxy, type Remote, wrap } from "comlink";
import type { LineApi, Reply, Request } from "./protocol.js";

/** The way from a page straight to the owner of the database in another tab: half as long as that through its own worker. */
export class Line {
  readonly #port: MessagePort;
  readonly #api: Remote<LineApi>;
  readonly #run: Remote<LineApi["run"]>;
  readonly #onCommit: (commit: number) => void;

  /** `onCommit` hears of the last commit that each answer shows. */
  constructor(port: MessagePort, onCommit: (commit: number) => void) {
    this.#port = port;
    this.#onCommit = onCommit;
    this.#api = wrap<LineApi>(port);
    // Made once; see Bridge.
    this.#run = this.#api.run;
  }

  async run(requests: readonly Request[], unanswered: readonly number[]): Promise<readonly Reply[]> {
    // Those that travel together wait equally long.
    const deadline = Date.now() + requests[0]!.terms.busyTimeout;
    const { replies, commit } = await this.#run(requests, unanswered, deadline);
    this.#onCommit(commit);
    return replies;
  }

  /** Nothing is heard through it any more: calls that were not answered never settle. */
  end(): void {
    this.#port.close();
    for (const made of [this.#run, this.#api]) made[releaseProxy]();
  }
}
