import { expose } from "comlink";
import type { LineApi, Reply, Request } from "../../src/protocol.js";
import { Deltas } from "../envelopes/deltas.js";
import { sealRequest } from "../envelopes/seal-request.js";
import { failure } from "../failure.js";
import type { OwnerOperation, OwnerRequest } from "../requests.js";

/** Carries out what came through a line: calls that the page waits for are `unanswered`. */
export type RunFromLine = (
  requests: readonly OwnerRequest[],
  unanswered: readonly number[],
) => Promise<{ readonly replies: readonly Reply[]; readonly commit: number }>;

/** The owner's end of a line. It does for the page what else the page's own worker does. */
export class ClientLine implements LineApi {
  readonly #port: MessagePort;
  readonly #runSealed: RunFromLine;
  readonly #deltas = new Deltas();
  #isClosed = false;

  constructor(port: MessagePort, run: RunFromLine) {
    this.#port = port;
    this.#runSealed = run;
    expose({ run: this.run.bind(this) } satisfies LineApi, port);
  }

  async run(requests: readonly Request[], unanswered: readonly number[], deadline: number): ReturnType<LineApi["run"]> {
    // The page asks for it elsewhere: calls are carried out in order, so no later one may be before.
    if (Date.now() > deadline) this.close();
    if (this.#isClosed) return new Promise(() => {});
    const asked = requests as readonly Request<OwnerOperation>[];
    const refused = new Map<number, Reply>();
    const sealed = asked.flatMap((request) => {
      try {
        return sealRequest(request, this.#deltas);
      } catch (error) {
        refused.set(request.seq, failure(error));
        return [];
      }
    });
    const { replies: answered, commit } = await this.#runSealed(sealed, unanswered);
    const rest = answered.values();
    const replies = asked.map((request) => {
      const reply = refused.get(request.seq) ?? rest.next().value!;
      this.#deltas.settle(request, reply);
      return reply;
    });
    return { replies, commit };
  }

  /** Nothing that comes through it is carried out any more. */
  close(): void {
    this.#isClosed = true;
    this.#port.close();
  }
}
