import { type Reply, takeBatch } from "../../src/protocol.js";
import type { Ownership, RunMessage } from "../channels.js";
import { Owner } from "../owner/owner.js";
import { nextTurn } from "../slices.js";
import type { Outstanding, OutstandingCalls } from "./outstanding.js";

/** Gives the calls of this worker's page to the owner of the database, in order and in batches. */
export class Dispatcher {
  readonly #client: string;
  readonly #outstanding: OutstandingCalls;
  readonly #post: (message: RunMessage) => void;
  #target: Owner | Ownership | undefined;
  /** What the owner has not been given yet. */
  #unsent: Outstanding[] = [];
  /** See {@link RunMessage}. */
  #turn = 0;
  /** How many messages were sent to owners. */
  #messages = 0;
  /** The numbers of the calls that the page waits for. */
  unanswered: readonly number[] = [];

  constructor(client: string, outstanding: OutstandingCalls, post: (message: RunMessage) => void) {
    this.#client = client;
    this.#outstanding = outstanding;
    this.#post = post;
  }

  /** The owner: this worker itself, or that of another tab. */
  get target(): Owner | Ownership | undefined {
    return this.#target;
  }

  /** Gives this owner all that has not been answered, and what comes from now on. */
  aimAt(target: Owner | Ownership): void {
    this.#target = target;
    this.#unsent = [];
    this.send(this.#outstanding.all());
  }

  /** Nobody is given anything any more. Gives who was. */
  stop(): Owner | Ownership | undefined {
    const target = this.#target;
    this.#target = undefined;
    this.#unsent = [];
    return target;
  }

  /** Where the owner is this worker, other tabs have their turn, and answers leave, between two batches. */
  send(calls: readonly Outstanding[]): void {
    if (!this.#target) return;
    const isUnderWay = this.#unsent.length > 0;
    this.#unsent.push(...calls);
    if (!isUnderWay) this.#sendNext();
  }

  /** This message came too late for the owner: what it had is sent again, with all that followed it. */
  sendAgain(message: number, turn: number): void {
    if (turn <= this.#turn) return;
    this.#turn = turn;
    this.send(this.#outstanding.from(message));
  }

  #sendNext(): void {
    while (this.#target && this.#unsent.length > 0) {
      this.#sendBatch(this.#target, takeBatch(this.#unsent));
      if (this.#target instanceof Owner && this.#unsent.length > 0) return void nextTurn().then(() => this.#sendNext());
    }
  }

  #sendBatch(target: Owner | Ownership, calls: readonly Outstanding[]): void {
    // An owner may have carried it out, and died before it answered.
    const requests = calls.map(({ sent, request }) => (sent ? { ...request, isRepeated: true as const } : request));
    for (const call of calls) {
      call.sent = true;
      call.parts = [];
    }
    const batch = {
      client: this.#client,
      unanswered: this.unanswered,
      requests,
    };
    if (target instanceof Owner) {
      const replies = target.run(batch);
      if (replies instanceof Promise) void replies.then((late) => this.#deliver(calls, late));
      else this.#deliver(calls, replies);
    } else {
      const number = ++this.#messages;
      for (const call of calls) call.message = number;
      // None of them is begun once it has been given up.
      const patience = Math.min(...calls.map((call) => this.#outstanding.patience(call)));
      this.#post({ type: "run", ownership: target, batch, number, deadline: Date.now() + patience, turn: this.#turn });
    }
  }

  #deliver(calls: readonly Outstanding[], replies: readonly Reply[]): void {
    for (const [place, { request }] of calls.entries()) this.#outstanding.settle(request.seq, replies[place]!);
  }
}
