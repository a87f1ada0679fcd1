import { type MessageBatch, readBatch } from "../../src/message-batch.js";
import type { Message } from "../../src/messages.js";
import type { MessageRow, SessionKey } from "../../src/operations.js";
import type { Reply, Request } from "../../src/protocol.js";
import { failure, success } from "../failure.js";
import type { OwnerRequest } from "../requests.js";
import { type Batch, batchesOf } from "./batches.js";
import { Decoded, type ReadMessage } from "./decoded.js";
import { RowStream, type Rows } from "./row-stream.js";
import type { Row } from "./stored-message.js";

/** The most histories that are read in batches at once. Whoever comes then gets all of one in one piece. */
const MAX_RESTS = 16;

/** A reader that has not come for so long is gone, or begins again: one that stops in the middle does not say so. */
const FORGOTTEN_MS = 10_000;

/** What a reader has not asked for yet. */
interface Rest {
  readonly batches: Batches;
  /** Runs while the reader is waited for, and then gives it up. */
  readonly timer?: ReturnType<typeof setTimeout>;
}

type Batches = AsyncIterator<Batch, void>;

/** What was left out is not here any more: whoever reads begins anew. */
export class LostContentError extends Error {}

/** Turns rows into what a page gets: contents unsealed, long histories in batches. */
export class Unsealer {
  readonly #rests = new Map<string, Rest>();
  readonly #decoded = new Decoded();

  /** The request, with what need not be read. */
  withKnown(request: OwnerRequest<"messages">): OwnerRequest<"messages"> {
    const known = this.#decoded.rangeOf(request.args.session);
    return known ? { ...request, args: { ...request.args, known } } : request;
  }

  /** The first messages of an answer that is here as a whole. */
  unseal(request: OwnerRequest<"messages">, reply: Reply): Reply | Promise<Reply> {
    if (!reply.ok || reply.value === null) return reply;
    return this.history(request, RowStream.of(reply), () => reply.version);
  }

  /**
   * The first messages of a history whose rows come one part after the other; null when what was left out of them is not
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
    clearTimeout(rest.timer);
    return this.#next(rest.batches, token);
  }

  /** Remembers what has been read, at the end, when its version is known. */
  async *#read(
    request: Request<"messages">,
    parts: AsyncIterable<Rows>,
    version: () => string | undefined,
  ): AsyncGenerator<Batch, void> {
    const { args } = request;
    // Without that, a content that is not there is a damaged row's, which is met when it is read.
    const rows = args.known ? this.#complete(args.session, parts) : (parts as AsyncIterable<readonly Row[]>);
    const read: ReadMessage[] = [];
    for await (const batch of batchesOf(rows, args, read)) {
      if (batch.isLast) this.#decoded.keep(args.session, read);
      yield { ...batch, version: version() };
    }
  }

  async *#complete(session: SessionKey, parts: AsyncIterable<Rows>): AsyncGenerator<Row[], void> {
    for await (const rows of parts) yield rows.map((row) => this.#completed(session, row));
  }

  #completed(session: SessionKey, row: MessageRow<string | null>): Row {
    if (row.content !== null) return row as MessageRow<string>;
    const content = this.#decoded.get(session.dbName, row.id);
    if (content) return { ...row, content };
    this.#decoded.forget(session);
    throw new LostContentError();
  }

  #begin(batches: Batches): Promise<Reply<MessageBatch | null>> {
    if (this.#rests.size >= MAX_RESTS) return this.#reply(() => inOnePiece(batches));
    // Never that of another worker: a page may ask this one for it.
    const token = crypto.randomUUID();
    this.#rests.set(token, { batches });
    return this.#next(batches, token);
  }

  /** Keeps the batches until the reader comes for the next one, or does not. */
  #keep(token: string, batches: Batches): void {
    clearTimeout(this.#rests.get(token)?.timer);
    this.#rests.set(token, { batches, timer: setTimeout(() => this.#rests.delete(token), FORGOTTEN_MS) });
  }

  /** `token`: under which the batches are kept. */
  #next(batches: Batches, token: string): Promise<Reply<MessageBatch | null>> {
    return this.#reply(async () => {
      let batch: Batch | undefined;
      try {
        batch = (await batches.next()).value ?? undefined;
      } finally {
        if (batch?.isLast === false) this.#keep(token, batches);
        else this.#rests.delete(token);
      }
      if (!batch) return success(null);
      const { messages, texts, isLast, version } = batch;
      return isLast ? success({ messages, texts }, version) : success({ messages, texts, rest: token });
    });
  }

  async #reply(read: () => Promise<Reply<MessageBatch | null>>): Promise<Reply<MessageBatch | null>> {
    try {
      return await read();
    } catch (error) {
      return error instanceof LostContentError ? success(null) : failure(error);
    }
  }
}

async function inOnePiece(batches: Batches): Promise<Reply<MessageBatch>> {
  const messages: Message[] = [];
  let version: string | undefined;
  for (let next = await batches.next(); !next.done; next = await batches.next()) {
    for (const message of readBatch(next.value)) messages.push(message);
    version = next.value.version;
  }
  return success({ messages, texts: "" }, version);
}
