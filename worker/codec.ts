import type {
  FoundMessage,
  MessageBatch,
  MessageRow,
  NewMessage,
  Reply,
  Request,
  SearchArgs,
  Unreadable,
  WireContent,
} from "../src/protocol.js";
import { readStoredContent } from "../src/content.js";
import { Decoded } from "./decoded.js";
import type { Deltas } from "./deltas.js";
import { EnvelopeError, seal } from "./envelope.js";
import { ContextStoreError } from "../src/errors.js";
import type { OwnerOperation, OwnerRequest } from "./executor.js";
import { success } from "./failure.js";
import { Snippets } from "./search/snippets.js";
import { contentToJson, isPlainJson, jsonToContent } from "./stored-json.js";

// Envelopes are made and read by the worker of the tab that asks, so that the owner of the database does nothing but SQL.

/** The most text that one answer to the page holds, unless one message alone is longer: a few milliseconds of parsing. */
const BATCH_CHARACTERS = 256 * 1024;
const BATCH_ROWS = 1000;

/** The most histories that are being read in batches at once; who comes too late begins again. */
const MAX_RESTS = 16;

/** The request as the owner takes it: contents sealed, and of a message that is still being written what is new. */
export function sealRequest(request: Request<OwnerOperation>, deltas: Deltas): OwnerRequest {
  if (is(request, "append") || is(request, "splice")) {
    const { args } = request;
    return { ...request, args: { ...args, messages: args.messages.map(sealMessage) } };
  }
  if (is(request, "finish"))
    return { ...request, args: { ...request.args, content: sealContent(request.args.content) } };
  if (is(request, "checkpoint")) {
    return { ...request, args: { ...request.args, content: deltas.next(request, toJson(request.args.content)) } };
  }
  return request;
}

function is<Name extends OwnerOperation>(request: Request<OwnerOperation>, name: Name): request is Request<Name> {
  return request.name === name;
}

function sealMessage(message: NewMessage<WireContent>): NewMessage<string> {
  return { ...message, content: sealContent(message.content) };
}

function toJson(content: WireContent): string {
  return typeof content === "string" ? content : contentToJson(content);
}

function sealContent(content: WireContent): string {
  try {
    return seal(toJson(content));
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause;
    throw new ContextStoreError("invalid-message", `This message cannot be stored: ${cause.message}.`, { cause });
  }
}

/** Turns the owner's answers into the page's: contents unsealed, long histories in batches. */
export class Unsealer {
  readonly #rests = new Map<number, readonly MessageRow<string>[]>();
  readonly #snippets = new Snippets();
  readonly #decoded = new Decoded();
  #nextToken = 0;

  unseal(request: Request, reply: Reply): Reply {
    if (!reply.ok) return reply;
    if (request.name === "search") {
      return success(this.#snippets.hits((request.args as SearchArgs).query, reply.value as readonly FoundMessage[]));
    }
    if (request.name !== "messages") return reply;
    return success(this.#batch(reply.value as readonly MessageRow<string>[]));
  }

  /** The messages that an earlier batch left over; null when they are not here any more. */
  rest(token: number): MessageBatch | null {
    const rows = this.#rests.get(token);
    this.#rests.delete(token);
    return rows ? this.#batch(rows) : null;
  }

  #batch(rows: readonly MessageRow<string>[]): MessageBatch {
    const batch: MessageRow<WireContent | Unreadable>[] = [];
    let characters = 0;
    for (const row of rows) {
      if (characters >= BATCH_CHARACTERS || batch.length >= BATCH_ROWS) break;
      const content = this.#read(row.content);
      batch.push({ ...row, content });
      characters += typeof content === "string" ? content.length : row.content.length;
    }
    if (batch.length === rows.length) return { rows: batch };
    const rest = this.#nextToken++;
    this.#rests.set(rest, rows.slice(batch.length));
    // A reader that stops in the middle does not say so.
    const [oldest] = this.#rests.keys();
    if (this.#rests.size > MAX_RESTS) this.#rests.delete(oldest!);
    return { rows: batch, rest };
  }

  #read(stored: string): WireContent | Unreadable {
    try {
      const json = this.#decoded.read(stored);
      return isPlainJson(json) ? json : readStoredContent(jsonToContent(json));
    } catch (error) {
      return { unreadable: error instanceof Error ? error.message : String(error) };
    }
  }
}
