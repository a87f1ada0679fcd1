import type { Delta } from "../../src/operations.js";
import type { Reply, Request } from "../../src/protocol.js";

/** The most messages that are being written at once; of the others everything is written each time. */
const MAX_MESSAGES = 16;

/** Compared at once. */
const STRIDE = 4096;

/** What of the messages that this tab is writing has been sent to the owner already. */
export class Deltas {
  readonly #sent = new Map<string, string>();

  /** What is new in the text of a message. The next one builds on it. */
  next({ args: { session, id } }: Request<"checkpoint">, json: string): Delta {
    const key = keyOf(session.dbName, id);
    const sent = this.#sent.get(key) ?? "";
    const keep = commonLength(sent, json);
    const tail = commonEnd(sent, json, Math.min(sent.length, json.length) - keep);
    this.#sent.delete(key);
    this.#sent.set(key, json);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > MAX_MESSAGES) this.#sent.delete(oldest!);
    return { keep, text: json.slice(keep, json.length - tail), tail };
  }

  /** What was not acknowledged may not be there, and what is finished needs no memory. */
  settle({ name, args }: Request, reply: Reply): void {
    if (!("id" in args) || (name === "checkpoint" && reply.ok)) return;
    this.#sent.delete(keyOf(args.session.dbName, args.id));
  }
}

function keyOf(dbName: string, id: number): string {
  return `${dbName}:${id}`;
}

/** How many characters two texts have in common at their beginning. */
function commonLength(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at + STRIDE <= shorter && a.slice(at, at + STRIDE) === b.slice(at, at + STRIDE)) at += STRIDE;
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  // A part is UTF-8 in the database, which cannot begin with the second half of a surrogate pair.
  return at > 0 && /[\uD800-\uDBFF]/.test(b.charAt(at - 1)) ? at - 1 : at;
}

/** How many at their end, at most `most`. */
function commonEnd(a: string, b: string, most: number): number {
  let length = 0;
  const isSame = (more: number) =>
    a.slice(a.length - length - more, a.length - length) === b.slice(b.length - length - more, b.length - length);
  while (length + STRIDE <= most && isSame(STRIDE)) length += STRIDE;
  while (length < most && isSame(1)) length++;
  // Nor end with the first half of one.
  return length > 0 && /[\uDC00-\uDFFF]/.test(b.charAt(b.length - length)) ? length - 1 : length;
}
