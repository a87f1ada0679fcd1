import { ContextStoreError } from "../../src/errors.js";
import type { Reply } from "../../src/protocol.js";
import { failure, success } from "../failure.js";
import { Recent } from "../recent.js";
import { CLIENT_GET, CLIENT_SET, CLIENTS_PURGE } from "../sql/file.js";
import type { Database } from "../sqlite/database.js";

/** A page that has not written for this long is forgotten. */
const REMEMBERED_MS = 7 * 24 * 60 * 60 * 1000;

/** The pages that are kept in memory. What is known of the others is in the database. */
const PAGES = 100;

/** What is known of a page's calls. */
interface Client {
  /** The highest number that it has used. */
  high: number;
  /** The calls up to there that it still waits for. All others are settled for ever. */
  readonly open: Set<number>;
  /** The answers of committed writes that it still waits for. */
  readonly results: Map<number, unknown>;
}

/**
 * Which writes of which page have been committed, with their results: so that a write whose answer was lost, and which
 * is sent again to this owner or the next one, is answered instead of repeated. Lies in the database and is written in
 * the same transaction as the writes themselves.
 */
export class Ledger {
  readonly #db: Database;
  readonly #clients = new Recent(PAGES, (name) => this.#load(name));

  constructor(db: Database) {
    this.#db = db;
  }

  /** Forgets, in the open transaction, pages that have not written for long. */
  purge(): void {
    this.#db.run(CLIENTS_PURGE, Date.now() - REMEMBERED_MS);
  }

  /**
   * Forgets what the page no longer waits for. `unanswered`, in order, is what it waits for among the calls up to the
   * last of them. A late copy of an older list changes nothing: what was settled once stays settled.
   */
  settle(name: string, unanswered: readonly number[]): void {
    const client = this.#clients.get(name);
    const last = unanswered.at(-1) ?? 0;
    const listed = new Set(unanswered);
    for (const seq of client.open) {
      if (seq > last || listed.has(seq)) continue;
      client.open.delete(seq);
      client.results.delete(seq);
    }
    for (const seq of unanswered) if (seq > client.high) client.open.add(seq);
    client.high = Math.max(client.high, last);
  }

  /** The answer of a write that was committed, or for which nobody waits any more: then it can only be a late copy. */
  answer(client: string, seq: number): Reply | undefined {
    const { open, results } = this.#clients.get(client);
    if (results.has(seq)) return success(results.get(seq));
    if (open.has(seq)) return undefined;
    const message = "This call was answered before; what it did is no longer remembered.";
    return failure(new ContextStoreError("aborted", message, { outcome: "unknown" }));
  }

  /** Writes down, in the open transaction, what it does. Remembered only once {@link Ledger.commit} is called. */
  record(name: string, results: ReadonlyMap<number, unknown>): void {
    const client = this.#clients.get(name);
    const state = JSON.stringify([client.high, [...client.open], [...client.results, ...results]]);
    this.#db.run(CLIENT_SET, name, state, Date.now());
  }

  /** The transaction has been committed. */
  commit(client: string, results: ReadonlyMap<number, unknown>): void {
    for (const [seq, result] of results) this.#clients.get(client).results.set(seq, result);
  }

  #load(name: string): Client {
    const state = this.#db.value(CLIENT_GET, name) as string | undefined;
    const [high, open, results] = JSON.parse(state ?? "[0,[],[]]") as [number, number[], [number, unknown][]];
    return { high, open: new Set(open), results: new Map(results) };
  }
}
