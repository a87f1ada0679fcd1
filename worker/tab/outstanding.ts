import { ContextStoreError, type ErrorCode } from "../../src/errors.js";
import { WRITES } from "../../src/operations.js";
import type { Reply } from "../../src/protocol.js";
import { join } from "../answer-parts.js";
import { failure } from "../failure.js";
import type { OwnerRequest } from "../requests.js";

/** A call that has not been answered. */
export interface Outstanding {
  readonly request: OwnerRequest;
  readonly resolve: (reply: Reply) => void;
  /** When it began to wait for an owner. */
  readonly since: number;
  /** Whether any owner may have seen it. */
  sent: boolean;
  /** The number of the message to another tab's owner with which it was last sent. */
  message: number;
  /** The beginning of its answer. */
  parts: string[];
}

/** The calls of this worker's page that have not been answered, in the order in which they were made. */
export class OutstandingCalls {
  readonly #calls = new Map<number, Outstanding>();
  /** When the owner, if it is another tab's, has last said anything. */
  heard = 0;

  get size(): number {
    return this.#calls.size;
  }

  add(request: OwnerRequest, resolve: Outstanding["resolve"]): Outstanding {
    const sent = request.isRepeated ?? false;
    const since = performance.now() - (request.waited ?? 0);
    const call: Outstanding = { request, resolve, since, sent, message: 0, parts: [] };
    this.#calls.set(request.seq, call);
    return call;
  }

  /** Those that were last sent with this message, or a later one, in the order in which they were. */
  from(message: number): Outstanding[] {
    return this.all()
      .filter((call) => call.message >= message)
      .sort((a, b) => a.message - b.message);
  }

  all(): Outstanding[] {
    return [...this.#calls.values()];
  }

  /** A part of an answer whose end is yet to come. */
  addPart(seq: number, part: string): void {
    this.#calls.get(seq)?.parts.push(part);
  }

  /** Answers a call, once: what an earlier owner says of it after that is not heard. */
  settle(seq: number, reply: Reply): void {
    const call = this.#calls.get(seq);
    if (!call) return;
    this.#calls.delete(seq);
    call.resolve(join(call.parts, reply));
  }

  /** Rejects what has waited too long for an owner that says nothing. */
  giveUp(): void {
    for (const call of this.all()) {
      if (this.patience(call) > 0) continue;
      const { busyTimeout } = call.request.terms;
      const message = `The tab that holds the database has not answered for ${busyTimeout} ms. Close it, or wait, and try again.`;
      this.#reject(call, "busy", message);
    }
  }

  /** For how many more milliseconds it waits for an owner that says nothing. */
  patience({ since, request }: Outstanding): number {
    return Math.max(since, this.heard) + request.terms.busyTimeout - performance.now();
  }

  /** Rejects every call. */
  end({ code, message, cause }: ContextStoreError): void {
    for (const call of this.all()) this.#reject(call, code, message, cause);
  }

  #reject({ request, sent }: Outstanding, code: ErrorCode, message: string, cause?: unknown): void {
    const outcome = sent && WRITES.has(request.name) ? "unknown" : "not-applied";
    this.settle(request.seq, failure(new ContextStoreError(code, message, { cause, outcome })));
  }
}
