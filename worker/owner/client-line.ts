import { expose } from "comlink";
import type { LineAnswer, LineApi, Reply, Request } from "../../src/protocol.js";
import { Deltas } from "../envelopes/deltas.js";
import { sealRequest } from "../envelopes/seal-request.js";
import { failure } from "../failure.js";
import type { OwnerOperation, OwnerRequest } from "../requests.js";

/** Carries out what has come through a line. */
export type RunFromLine = (requests: readonly OwnerRequest[], unanswered: readonly number[]) => Promise<LineAnswer>;

/** The owner's end of a line. It does for the page what else the page's own worker does. */
export class ClientLine implements LineApi {
  readonly #port: MessagePort;
  readonly #runSealed: RunFromLine;
  readonly #deltas = new Deltas();
  #isClosed = false;
  /** Whether anything has come through it. */
  isUsed = false;

  constructor(port: MessagePort, run: RunFromLine) {
    this.#port = port;
    this.#runSealed = run;
    expose({ run: this.run.bind(this) } satisfies LineApi, port);
  }

  async run(requests: readonly Request[], unanswered: readonly number[], deadline: number): Promise<LineAnswer> {
    this.isUsed = true;
    // The page will ask for it another way: what it sent behind it must not come before.
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
    const { replies: answers, commit } = await this.#runSealed(sealed, unanswered);
    const next = answers.values();
    const replies = asked.map((request) => {
      const reply = refused.get(request.seq) ?? next.next().value!;
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
