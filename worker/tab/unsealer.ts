import type { SearchHit } from "../../src/messages.js";
import type { FoundMessage, ListText, MessageBatch, MessageRow, SessionKey } from "../../src/operations.js";
import { isVersioned, type Reply, type Request } from "../../src/protocol.js";
import { failure, success } from "../failure.js";
import type { OwnerRequest } from "../requests.js";
import { Snippets } from "../search/snippets.js";
import { type Asked, type Batch, batchesOf } from "./batches.js";
import { Decoded, type ReadMessage } from "./decoded.js";
import { RecentAnswers } from "./recent-answers.js";
import type { Row } from "./stored-message.js";

/** The most histories that are being read in batches at once; who comes too late begins again. */
const MAX_RESTS = 16;

type Rows = readonly MessageRow<string | null>[];

/** Turns the owner's answers into the page's: contents unsealed, long histories in batches. */
export class Unsealer {
  readonly #rests = new Map<string, Iterator<Batch, void>>();
  readonly #snippets = new Snippets();
  readonly #decoded = new Decoded();
  readonly #recent = new RecentAnswers();

  /** The request, with what need not be answered. */
  withKnown(request: OwnerRequest): OwnerRequest {
    if (!isVersioned(request)) return request;
    const known = "session" in request.args ? this.#decoded.rangeOf(request.args.session) : undefined;
    const seen = this.#recent.versionOf(request);
    if (!known && seen === undefined) return request;
    return { ...request, args: { ...request.args, ...(known && { known }), ...(seen !== undefined && { seen }) } };
  }

  /**
   * `request`: as the owner got it. Gives nothing when the owner has left out what is not here any more: then all must be
   * asked for.
   */
  unseal(request: Request, reply: Reply): Reply | undefined {
    if (!reply.ok) return reply;
    const { value, version } = reply;
    if (!isVersioned(request)) return reply;
    try {
      const answer = value === null ? this.#again(request, version) : this.#answer(request, value, version);
      return answer === undefined ? undefined : success(answer);
    } catch (error) {
      return failure(error);
    }
  }

  /** The next messages of an answer; null when they are not here any more. Throws `corrupt`. */
  rest(token: string): MessageBatch | null {
    const batches = this.#rests.get(token);
    return batches ? this.#next(batches, token) : null;
  }

  #again(request: Request, version: string | undefined): MessageBatch | ListText<unknown> | undefined {
    const kept = this.#recent.get(request, version);
    return typeof kept === "object" ? this.#next(kept.values()) : kept;
  }

  #answer(
    request: Request<"messages" | "sessions" | "search">,
    value: unknown,
    version: string | undefined,
  ): MessageBatch | ListText<unknown> | undefined {
    const { args } = request;
    if (!("session" in args)) {
      const list = "query" in args ? this.#hits(args.query, value) : (value as ListText<unknown>);
      if (version !== undefined) this.#recent.keep(request, version, list);
      return list;
    }
    // Without that, a content that is not there is a damaged row's, which is met when it is read.
    const rows = args.known ? this.#complete(args.session, value as Rows) : (value as readonly Row[]);
    return rows && this.#next(this.#read(request, args, rows, version));
  }

  #hits(query: string, found: unknown): ListText<SearchHit> {
    return JSON.stringify(this.#snippets.hits(query, found as readonly FoundMessage[]));
  }

  #complete(session: SessionKey, rows: Rows): Row[] | undefined {
    const complete: Row[] = [];
    for (const row of rows) {
      const json = row.content === null ? this.#decoded.get(session.dbName, row.id) : undefined;
      if (row.content === null && json === undefined) {
        this.#decoded.forget(session);
        return undefined;
      }
      complete.push(json === undefined ? (row as MessageRow<string>) : { ...row, content: { json } });
    }
    return complete;
  }

  /** Remembers what has been read, at the end. */
  *#read(request: Request, asked: Asked, rows: readonly Row[], version: string | undefined): Generator<Batch, void> {
    const read: ReadMessage[] = [];
    const batches: Batch[] = [];
    for (const batch of batchesOf(rows, asked, read)) {
      batches.push(batch);
      if (batch.isLast) {
        this.#decoded.keep(asked.session, read);
        if (version !== undefined) this.#recent.keep(request, version, batches);
      }
      yield batch;
    }
  }

  /** `token`: under which the batches are kept already. Never that of another worker: a page may ask this one for it. */
  #next(batches: Iterator<Batch, void>, token: string = crypto.randomUUID()): MessageBatch {
    this.#rests.delete(token);
    const { messages, isLast } = batches.next().value!;
    if (isLast) return { messages };
    this.#rests.set(token, batches);
    // A reader that stops in the middle does not say so.
    const [oldest] = this.#rests.keys();
    if (this.#rests.size > MAX_RESTS) this.#rests.delete(oldest!);
    return { messages, rest: token };
  }
}
