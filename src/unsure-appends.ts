import type { OperationName, Operations } from "./operations.js";
import type { Request } from "./protocol.js";

/** The most that are remembered. */
const MAX = 100;

/**
 * Appends of unknown outcome, by the uid with which their caller may repeat them. The same call is then made again, under
 * its number, so that the database can tell: a row that it had written and another tab has removed does not come back.
 */
export class UnsureAppends {
  readonly #calls = new Map<string, { readonly seq: number; isRepeated: boolean }>();

  /** The number under which this was called before, if it is one of them, and nobody else is repeating it. */
  repeat(name: OperationName, args: unknown): number | undefined {
    const call = this.#calls.get(keyOf(name, args) ?? "");
    if (!call || call.isRepeated) return undefined;
    call.isRepeated = true;
    return call.seq;
  }

  /** The call has been answered, or given up. */
  settle({ name, args, seq }: Request, isUnsure: boolean): void {
    const key = keyOf(name, args);
    if (key === undefined || (this.#calls.get(key)?.seq ?? seq) !== seq) return;
    this.#calls.delete(key);
    if (isUnsure && this.#calls.size < MAX) this.#calls.set(key, { seq, isRepeated: false });
  }

  /** Their numbers: the database is not to forget them. */
  get seqs(): number[] {
    return Array.from(this.#calls.values(), ({ seq }) => seq);
  }
}

/** One message, of a uid that the caller has chosen, can be repeated. */
function keyOf(name: OperationName, args: unknown): string | undefined {
  if (name !== "append") return undefined;
  const { session, messages } = args as Parameters<Operations["append"]>[0];
  const [message] = messages;
  return messages.length === 1 && !message!.isNew ? JSON.stringify([session, message!.uid]) : undefined;
}
