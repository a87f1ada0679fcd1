import {
  type FoundMessage,
  isVersioned,
  type ListText,
  type MessageBatch,
  type MessageRow,
  type NewMessage,
  type OperationName,
  type Reply,
  type Request,
  type SessionKey,
  type Unreadable,
  type WireContent,
  type WireRow,
} from "../src/protocol.js";
import type { SessionInfo } from "../src/messages.js";
import { readStoredContent } from "../src/content.js";
import { Decoded, type ReadMessage } from "./decoded.js";
import type { Deltas } from "./deltas.js";
import { EnvelopeError, seal, unseal } from "./envelope.js";
import { ContextStoreError } from "../src/errors.js";
import type { OwnerOperation, OwnerRequest } from "./executor.js";
import { success } from "./failure.js";
import { RecentAnswers } from "./recent-answers.js";
import { Snippets } from "./search/snippets.js";
import { contentToJson, isPlainJson, jsonToContent } from "./stored-json.js";

// Envelopes are made and read by the worker of the tab that asks, so that the owner of the database does nothing but SQL.

/** The most text that one answer to the page holds, unless one message alone is longer: a few milliseconds of parsing. */
const BATCH_CHARACTERS = 128 * 1024;
const BATCH_ROWS = 500;

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

function is<Name extends OperationName>(request: Request, name: Name): request is Request<Name> {
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

/** A row of the owner's answer; its content may be the JSON that is kept here. */
type Row = MessageRow<string | { readonly json: string }>;

/** An answer that is given to the page in batches. */
interface Answer {
  readonly session: SessionKey;
  readonly rows: readonly Row[];
  /** What has been read of them so far. */
  readonly read: ReadMessage[];
}

/** Turns the owner's answers into the page's: contents unsealed, long histories in batches. */
export class Unsealer {
  readonly #rests = new Map<string, Answer>();
  readonly #snippets = new Snippets();
  readonly #decoded = new Decoded();
  readonly #recent = new RecentAnswers();

  /** The request, with what need not be answered. */
  withKnown(request: OwnerRequest): OwnerRequest {
    if (!isVersioned(request)) return request;
    const known = "session" in request.args ? this.#decoded.rangeOf(request.args.session) : undefined;
    const seen = this.#recent.versionOf(request);
    return known || seen
      ? { ...request, args: { ...request.args, ...(known && { known }), ...(seen && { seen }) } }
      : request;
  }

  /** `request`: as the owner got it. Gives nothing when the owner has left out what is not here any more: then all must be asked for. */
  unseal(request: Request, reply: Reply): Reply | undefined {
    if (!reply.ok) return reply;
    if (is(request, "search"))
      return success(this.#snippets.hits(request.args.query, reply.value as readonly FoundMessage[]));
    if (!isVersioned(request)) return reply;
    const { value, version } = reply;
    const answer = value === null ? this.#recent.get(request, version) : this.#open(request, value);
    if (answer === undefined) return undefined;
    if (value !== null && version !== undefined) this.#recent.keep(request, version, answer);
    return success(answer);
  }

  #open(request: Request<"messages" | "sessions">, value: unknown): MessageBatch | ListText<SessionInfo> | undefined {
    if (is(request, "messages")) return this.#begin(request, value as readonly MessageRow<string | null>[]);
    return value as ListText<SessionInfo>;
  }

  #begin({ args }: Request<"messages">, found: readonly MessageRow<string | null>[]): MessageBatch | undefined {
    const { session, known } = args;
    // Without that, a content that is not there is a damaged row's, which is met when it is read.
    const rows = known ? this.#complete(session, found) : (found as readonly Row[]);
    return rows && this.#next({ session, rows, read: [] });
  }

  /** The next messages of an answer; null when they are not here any more. */
  rest(token: string): MessageBatch | null {
    const answer = this.#rests.get(token);
    return answer ? this.#next(answer, token) : null;
  }

  #complete(session: SessionKey, rows: readonly MessageRow<string | null>[]): Row[] | undefined {
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

  /** `token`: under which the answer is kept already. Never that of another worker: a page may ask this one for it. */
  #next(answer: Answer, token: string = crypto.randomUUID()): MessageBatch {
    const rows = this.#batch(answer);
    this.#rests.delete(token);
    if (answer.read.length === answer.rows.length) {
      this.#decoded.keep(answer.session, answer.read);
      return { rows };
    }
    this.#rests.set(token, answer);
    // A reader that stops in the middle does not say so.
    const [oldest] = this.#rests.keys();
    if (this.#rests.size > MAX_RESTS) this.#rests.delete(oldest!);
    return { rows, rest: token };
  }

  #batch({ rows, read }: Answer): WireRow[] {
    const batch: WireRow[] = [];
    for (let characters = 0; characters < BATCH_CHARACTERS && batch.length < BATCH_ROWS;) {
      const row = rows[read.length];
      if (!row) break;
      const { id, uid, position, createdAt, role, metadata, status } = row;
      const content = this.#read(row, read);
      batch.push([position, role, content, id, uid, createdAt, metadata, status]);
      characters += typeof content === "string" ? content.length : String(row.content).length;
    }
    return batch;
  }

  #read({ id, status, content }: Row, read: ReadMessage[]): WireContent | Unreadable {
    if (typeof content === "object" && content !== null) {
      read.push({ id, status, json: content.json });
      return content.json;
    }
    try {
      const json = unseal(content);
      const isPlain = isPlainJson(json);
      read.push({ id, status, json: isPlain ? json : undefined });
      return isPlain ? json : readStoredContent(jsonToContent(json));
    } catch (error) {
      read.push({ id, status, json: undefined });
      return { unreadable: error instanceof Error ? error.message : String(error) };
    }
  }
}
