import type { SearchHit } from "../../src/messages.js";
import {
  type FoundMessage,
  type ListText,
  type MessageBatch,
  type MessageRow,
  readList,
  type SessionKey,
} from "../../src/operations.js";
import { isVersioned, type Reply, type Request } from "../../src/protocol.js";
import { failure, success } from "../failure.js";
import type { OwnerRequest } from "../requests.js";
import { Snippets } from "../search/snippets.js";
import { type Asked, type Batch, batchesOf } from "./batches.js";
import { Decoded, type ReadMessage } from "./decoded.js";
import { RecentAnswers } from "./recent-answers.js";
import type { Row } from "./stored-message.js";

/** The most histories that are read in batches at once. Whoever comes then gets all of one in one piece. */
const MAX_RESTS = 16;

/** A reader that has not come for so long is gone, or begins again: one that stops in the middle does not say so. */
const FORGOTTEN_MS = 10_000;

/** What a reader has not asked for yet. */
interface Rest {
  readonly batches: Iterator<Batch, void>;
  /** When it was there last. */
  readonly at: number;
}

type Rows = readonly MessageRow<string | null>[];

/** Turns the owner's answers into the page's: contents unsealed, long histories in batches. */
export class Unsealer {
  /** The one that has waited longest first. */
  readonly #rests = new Map<string, Rest>();
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
    const rest = this.#rests.get(token);
    this.#rests.delete(token);
    return rest ? this.#next(rest.batches, token) : null;
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
    const { messages, isLast } = batches.next().value!;
    if (isLast) return { messages };
    const at = performance.now();
    const [oldest] = this.#rests;
    if (oldest && this.#rests.size >= MAX_RESTS) {
      if (at - oldest[1].at < FORGOTTEN_MS) return { messages: inOnePiece(messages, batches) };
      this.#rests.delete(oldest[0]);
    }
    this.#rests.set(token, { batches, at });
    return { messages, rest: token };
  }
}

function inOnePiece(first: Batch["messages"], batches: Iterator<Batch, void>): Batch["messages"] {
  const pieces = [first];
  for (let next = batches.next(); !next.done; next = batches.next()) pieces.push(next.value.messages);
  const texts = pieces.filter((piece) => typeof piece === "string");
  if (texts.length < pieces.length) return pieces.flatMap((piece) => readList(piece));
  return `[${texts.map((text) => text.slice(1, -1)).join(",")}]`;
}
