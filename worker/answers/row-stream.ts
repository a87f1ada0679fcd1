import { ContextStoreError } from "../../src/errors.js";
import type { MessageRow } from "../../src/operations.js";
import type { Reply } from "../../src/protocol.js";

export type Rows = readonly MessageRow<unknown>[];

/** The rows of an answer as they come: parts of it, then the reply with the last of them. */
export class RowStream implements AsyncIterable<Rows> {
  readonly #parts: Rows[] = [];
  #end: { readonly error?: Error } | undefined;
  #wake = () => {};
  /** The database's, once all have come. */
  version: string | undefined;

  /** Those of an answer that is here as a whole. */
  static of(reply: Reply): RowStream {
    const rows = new RowStream();
    rows.end(reply);
    return rows;
  }

  push(rows: Rows): void {
    this.#parts.push(rows);
    this.#wake();
  }

  end(reply: Reply): void {
    if (reply.ok) {
      this.version = reply.version;
      this.#parts.push(reply.value as Rows);
      this.#end = {};
    } else {
      const { code, message, outcome, cause } = reply.error;
      this.#end = { error: new ContextStoreError(code, message, { outcome, cause }) };
    }
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Rows, void> {
    for (;;) {
      for (let part = this.#parts.shift(); part; part = this.#parts.shift()) yield part;
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
