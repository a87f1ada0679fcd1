import type { OperationName, Operations } from "./operations.js";
import type { Request } from "./protocol.js";

/** The most that are remembered. */
const MAX = 100;

/**
 * Appends of unknown outcome, by the uid with which their caller may repeat them. The same call is then made again, under
 * its number, so that the database can tell: a row that it had written and another tab has removed does not come back.
 */
export class UnsureAppends {
  readonly #seqs = new Map<string, number>();

  add({ name, args, seq }: Request): void {
    const key = keyOf(name, args);
    if (key !== undefined && this.#seqs.size < MAX) this.#seqs.set(key, seq);
  }

  /** The number under which this was called before, if it is one of them. */
  take(name: OperationName, args: unknown): number | undefined {
    const key = this.#seqs.size > 0 ? keyOf(name, args) : undefined;
    if (key === undefined) return undefined;
    const seq = this.#seqs.get(key);
    this.#seqs.delete(key);
    return seq;
  }

  get seqs(): Iterable<number> {
    return this.#seqs.values();
  }
}

/** One message, of a uid that the caller has chosen, can be repeated. */
function keyOf(name: OperationName, args: unknown): string | undefined {
  if (name !== "append") return undefined;
  const { session, messages } = args as Parameters<Operations["append"]>[0];
  const [message] = messages;
  return messages.length === 1 && !message!.isNew ? JSON.stringify([session, message!.uid]) : undefined;
}
