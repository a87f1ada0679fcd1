import type { Database } from "./database.js";
import { CLIENT_GET, CLIENT_SET, CLIENTS_PURGE } from "./tables.js";

/** A page that has not written for this long is forgotten. */
const REMEMBERED_MS = 7 * 24 * 60 * 60 * 1000;

/** What has been carried out for one page. */
interface Client {
  /** Every call up to this one has been answered, and the page knows the answer. */
  settled: number;
  /** The answers of later writes, by the call's number. */
  readonly results: Map<number, unknown>;
}

/**
 * Which writes of which page have been committed, with their results: so that a write whose answer was lost, and which
 * is sent again to this owner or the next one, is answered instead of repeated. Lies in the database and is written in
 * the same transaction as the writes themselves.
 */
export class Ledger {
  readonly #db: Database;
  readonly #clients = new Map<string, Client>();

  constructor(db: Database) {
    this.#db = db;
    db.run(CLIENTS_PURGE, Date.now() - REMEMBERED_MS);
  }

  /** Forgets what the page has been told; from here on, only later calls can be answered. */
  settle(client: string, settled: number): void {
    const state = this.#client(client);
    if (settled <= state.settled) return;
    state.settled = settled;
    for (const seq of state.results.keys()) if (seq <= settled) state.results.delete(seq);
  }

  /** Whether the page has settled this call: it can only be a late copy, and nobody waits for its answer. */
  isSettled(client: string, seq: number): boolean {
    return seq <= this.#client(client).settled;
  }

  /** The result of a write that was committed, if this is one. */
  find(client: string, seq: number): { readonly result: unknown } | undefined {
    const { results } = this.#client(client);
    return results.has(seq) ? { result: results.get(seq) } : undefined;
  }

  /** Writes down, in the open transaction, what it does. Remembered only once {@link commit} is called. */
  record(client: string, results: ReadonlyMap<number, unknown>): void {
    const state = this.#client(client);
    const all = JSON.stringify([...state.results, ...results]);
    this.#db.run(CLIENT_SET, client, state.settled, all, Date.now());
  }

  /** The transaction has been committed. */
  commit(client: string, results: ReadonlyMap<number, unknown>): void {
    for (const [seq, result] of results) this.#client(client).results.set(seq, result);
  }

  #client(client: string): Client {
    let state = this.#clients.get(client);
    if (!state) {
      const row = this.#db.row(CLIENT_GET, client);
      const results = row ? (JSON.parse(String(row[1])) as [number, unknown][]) : [];
      this.#clients.set(client, (state = { settled: Number(row?.[0] ?? 0), results: new Map(results) }));
    }
    return state;
  }
}
