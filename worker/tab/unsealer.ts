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
import { is, type OwnerRequest } from "../requests.js";
import { Snippets } from "../search/snippets.js";
import { type Batch, batchesOf } from "./batches.js";
import { Decoded, type ReadMessage } from "./decoded.js";
import { RecentAnswers } from "./recent-answers.js";
import { LostRowsError, RowStream, type Rows } from "./row-stream.js";
import type { Row } from "./stored-message.js";

/** The most histories that are read in batches at once. Whoever comes then gets all of one in one piece. */
const MAX_RESTS = 16;

/** A reader that has not come for so long is gone, or begins again: one that stops in the middle does not say so. */
const FORGOTTEN_MS = 10_000;

/** What a reader has not asked for yet. */
interface Rest {
  readonly batches: Batches;
  /** When it was there last. */
  readonly at: number;
}

type Batches = Iterator<Batch, void> | AsyncIterator<Batch, void>;

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
   * `request`: as the owner got it. Gives nothing when what the owner has left out is not here any more: then all must be
   * asked for.
   */
  unseal(request: Request, reply: Reply): Reply | Promise<Reply> | undefined {
    if (!reply.ok || !isVersioned(request)) return reply;
    const { value, version } = reply;
    try {
      if (value === null) return this.#again(request, version);
      if (is(request, "messages")) return this.history(request, RowStream.of(reply), () => version);
      const { args } = request as Request<"sessions" | "search">;
      const list = "query" in args ? this.#hits(args.query, value) : (value as ListText<unknown>);
      if (version !== undefined) this.#recent.keep(request, version, list);
      return success(list);
    } catch (error) {
      return failure(error);
    }
  }

  /**
   * The first messages of a history whose rows come one part after the other; null when what the owner has left out is not
   * here any more. `version`: the database's, once all have come.
   */
  history(
    request: Request<"messages">,
    parts: AsyncIterable<Rows>,
    version: () => string | undefined,
  ): Promise<Reply<MessageBatch | null>> {
    return this.#begin(this.#read(request, parts, version));
  }

  /** The next messages of an answer; null when they are not here any more. */
  rest(token: string): Promise<Reply<MessageBatch | null>> {
    const rest = this.#rests.get(token);
    if (!rest) return Promise.resolve(success(null));
    this.#remember(token, rest.batches);
    return this.#next(rest.batches, token);
  }

  #again(request: Request, version: string | undefined): Reply | Promise<Reply> | undefined {
    const kept = this.#recent.get(request, version);
    if (typeof kept === "object") return this.#begin(kept.values());
    return kept === undefined ? undefined : success(kept);
  }

  #hits(query: string, found: unknown): ListText<SearchHit> {
    return JSON.stringify(this.#snippets.hits(query, found as readonly FoundMessage[]));
  }

  /** Remembers what has been read, at the end. */
  async *#read(
    request: Request<"messages">,
    parts: AsyncIterable<Rows>,
    version: () => string | undefined,
  ): AsyncGenerator<Batch, void> {
    const { args } = request;
    // Without that, a content that is not there is a damaged row's, which is met when it is read.
    const rows = args.known ? this.#complete(args.session, parts) : (parts as AsyncIterable<readonly Row[]>);
    const read: ReadMessage[] = [];
    const batches: Batch[] = [];
    for await (const batch of batchesOf(rows, args, read)) {
      batches.push(batch);
      const found = version();
      if (batch.isLast) this.#decoded.keep(args.session, read);
      if (batch.isLast && found !== undefined) this.#recent.keep(request, found, batches);
      yield batch;
    }
  }

  async *#complete(session: SessionKey, parts: AsyncIterable<Rows>): AsyncGenerator<Row[], void> {
    for await (const rows of parts) yield rows.map((row) => this.#completed(session, row));
  }

  #completed(session: SessionKey, row: MessageRow<string | null>): Row {
    if (row.content !== null) return row as MessageRow<string>;
    const json = this.#decoded.get(session.dbName, row.id);
    if (json !== undefined) return { ...row, content: { json } };
    this.#decoded.forget(session);
    throw new LostRowsError();
  }

  /** A reader that was not there for long makes room for another one, or that one gets all in one piece. */
  #begin(batches: Batches): Promise<Reply<MessageBatch | null>> {
    const [oldest] = this.#rests;
    if (oldest && this.#rests.size >= MAX_RESTS) {
      if (performance.now() - oldest[1].at < FORGOTTEN_MS) return this.#reply(() => inOnePiece(batches));
      this.#rests.delete(oldest[0]);
    }
    // Never that of another worker: a page may ask this one for it.
    const token = crypto.randomUUID();
    this.#remember(token, batches);
    return this.#next(batches, token);
  }

  #remember(token: string, batches: Batches): void {
    this.#rests.delete(token);
    this.#rests.set(token, { batches, at: performance.now() });
  }

  /** `token`: under which the batches are kept. */
  #next(batches: Batches, token: string): Promise<Reply<MessageBatch | null>> {
    return this.#reply(async () => {
      let batch: Batch | undefined;
      try {
        batch = (await batches.next()).value ?? undefined;
      } finally {
        if (batch?.isLast !== false) this.#rests.delete(token);
      }
      return batch ? { messages: batch.messages, ...(!batch.isLast && { rest: token }) } : null;
    });
  }

  async #reply(read: () => Promise<MessageBatch | null>): Promise<Reply<MessageBatch | null>> {
    try {
      return success(await read());
    } catch (error) {
      return error instanceof LostRowsError ? success(null) : failure(error);
    }
  }
}

async function inOnePiece(batches: Batches): Promise<MessageBatch> {
  const pieces: Batch["messages"][] = [];
  for (let next = await batches.next(); !next.done; next = await batches.next()) pieces.push(next.value.messages);
  const texts = pieces.filter((piece) => typeof piece === "string");
  if (texts.length < pieces.length) return { messages: pieces.flatMap((piece) => readList(piece)) };
  const items = texts.map((text) => text.slice(1, -1)).filter((text) => text !== "");
  return { messages: `[${items.join(",")}]` };
}
