import { type MessageBatch, readBatch } from "../../src/message-batch.js";
import type { Message } from "../../src/messages.js";
import type { Operations } from "../../src/operations.js";
import type { Reply, Request } from "../../src/protocol.js";
import { failure, success } from "../failure.js";
import type { OwnerRequest } from "../requests.js";
import { type Batch, batchesOf } from "./batches.js";
import { Decoded } from "./decoded.js";
import { RowStream, type Rows } from "./row-stream.js";

/** The most histories that are read in batches at once. Whoever comes then gets all of one in one piece. */
const MAX_RESTS = 16;

/** A reader that has not come for so long is gone, or begins again: one that stops in the middle does not say so. */
const FORGOTTEN_MS = 10_000;

/** What a reader has not asked for yet. */
interface Rest {
  readonly batches: Batches;
  /** Of the batch that is to be asked for next. */
  next: number;
  /** Runs while the reader is waited for, and then gives it up. */
  timer?: ReturnType<typeof setTimeout>;
}

type Batches = AsyncIterator<Batch, void>;

/** Turns rows into what a page gets: contents unsealed, long histories in batches. */
export class Unsealer {
  readonly #rests = new Map<string, Rest>();
  readonly #decoded = new Decoded();

  /** The request, with what need not be read. */
  withKnown(request: OwnerRequest<"messages">): OwnerRequest<"messages"> {
    const known = this.#decoded.knownOf(request.args.session);
    return known ? { ...request, args: { ...request.args, known } } : request;
  }

  /** The first messages of an answer that is here as a whole. */
  unseal(request: OwnerRequest<"messages">, reply: Reply): Reply | Promise<Reply> {
    if (!reply.ok || reply.value === null) return reply;
    return this.history(request, RowStream.of(reply), () => reply.version);
  }

  /**
   * The first messages of a history whose rows come one part after the other. `version`: the database's, once all have
   * come.
   */
  history(
    request: Request<"messages">,
    parts: AsyncIterable<Rows>,
    version: () => string | undefined,
  ): Promise<Reply<MessageBatch | null>> {
    return this.#begin(this.#read(request, parts, version));
  }

  /**
   * The next messages of an answer; null when they are not here any more. Each batch is given once: to a reader whose
   * worker died with one, that one is lost, and so is the rest.
   */
  rest({ token, number }: Parameters<Operations["rest"]>[0]): Promise<Reply<MessageBatch | null>> {
    const rest = this.#rests.get(token);
    clearTimeout(rest?.timer);
    if (rest?.next === number) return this.#next(rest, token);
    this.#rests.delete(token);
    return Promise.resolve(success(null));
  }

  /** Remembers what has been read, at the end, when its version is known. */
  async *#read(
    { args }: Request<"messages">,
    parts: AsyncIterable<Rows>,
    version: () => string | undefined,
  ): AsyncGenerator<Batch, void> {
    const read = this.#decoded.gather(args.session);
    for await (const batch of batchesOf(parts, args, (message) => read.add(message))) {
      if (batch.isLast) read.keep();
      yield { ...batch, version: version() };
    }
  }

  #begin(batches: Batches): Promise<Reply<MessageBatch | null>> {
    if (this.#rests.size >= MAX_RESTS) return replyWith(() => inOnePiece(batches));
    // Never that of another worker: a page may ask this one for it.
    const token = crypto.randomUUID();
    const rest = { batches, next: 0 };
    this.#rests.set(token, rest);
    return this.#next(rest, token);
  }

  /** `token`: under which the rest is kept until the reader comes for it, or does not. */
  #next(rest: Rest, token: string): Promise<Reply<MessageBatch | null>> {
    rest.next++;
    return replyWith(async () => {
      let batch: Batch | undefined;
      try {
        batch = (await rest.batches.next()).value ?? undefined;
      } finally {
        clearTimeout(rest.timer);
        if (batch?.isLast === false) rest.timer = setTimeout(() => this.#rests.delete(token), FORGOTTEN_MS);
        else this.#rests.delete(token);
      }
      if (!batch) return success(null);
      const { messages, texts, isLast, version } = batch;
      return isLast ? success({ messages, texts }, version) : success({ messages, texts, rest: token });
    });
  }
}

async function replyWith(read: () => Promise<Reply<MessageBatch | null>>): Promise<Reply<MessageBatch | null>> {
  try {
    return await read();
  } catch (error) {
    return failure(error);
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
