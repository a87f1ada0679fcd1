import type { KnownContents, SessionKey } from "../../src/operations.js";
import { type ContentText, sizeOf } from "./stored-message.js";

/** The most characters that are kept: 16 MB, since nearly all are ASCII. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** Larger contents are rare, and one of them would push out many. */
const MAX_ONE = 256 * 1024;

/** The most sessions of which it is remembered what is kept of them. */
const MAX_SESSIONS = 1000;

/** Ids of messages, the first and the last. */
type IdRange = readonly [first: number, last: number];

/** A message that was read. */
export interface ReadMessage {
  readonly id: number;
  readonly status: "partial" | null;
  /** Unless it travels as values. */
  readonly content: ContentText | undefined;
}

/**
 * The contents that were read last, by the ids of their messages: ids are never used again, and what stands in a complete
 * message never changes. So the owner need not read, nor send, what is kept here.
 */
export class Decoded {
  #recent = new Map<string, ContentText>();
  #older = new Map<string, ContentText>();
  #characters = 0;
  /** By session: the ids between which the contents of most messages are kept. */
  readonly #ranges = new Map<string, IdRange>();

  #get(dbName: string, id: number): ContentText | undefined {
    const key = keyOf(dbName, id);
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const older = this.#older.get(key);
    if (older !== undefined) this.#keep(key, older);
    return older;
  }

  /** The contents of a session's messages that need not be read again. */
  knownOf(session: SessionKey): KnownContents | undefined {
    const range = this.#ranges.get(nameOf(session));
    return range && { first: range[0], last: range[1], get: (id) => this.#get(session.dbName, id) };
  }

  /** Gathers what is read of a session in one go, and keeps it in the end, if that is not too much. */
  gather(session: SessionKey): { add(message: ReadMessage): void; keep(): void } {
    const messages: ReadMessage[] = [];
    let characters = 0;
    return {
      add: (message) => {
        characters += message.content ? sizeOf(message.content) : 0;
        if (characters <= MAX_CHARACTERS / 2) messages.push(message);
        else messages.length = 0;
      },
      keep: () => this.#keepAll(session, messages),
    };
  }

  #keepAll(session: SessionKey, messages: readonly ReadMessage[]): void {
    const kept = messages.map((message) => isWorthKeeping(message));
    for (const [place, { id, content }] of messages.entries()) {
      const key = keyOf(session.dbName, id);
      if (kept[place] && !this.#recent.has(key)) this.#keep(key, content!);
    }
    const range = longest(messages, kept);
    if (range) this.#remember(session, range);
  }

  #remember(session: SessionKey, [first, last]: IdRange): void {
    const name = nameOf(session);
    const known = this.#ranges.get(name);
    this.#ranges.delete(name);
    const isNear = known && first <= known[1] + 1 && last >= known[0] - 1;
    this.#ranges.set(name, isNear ? [Math.min(first, known[0]), Math.max(last, known[1])] : [first, last]);
    const [oldest] = this.#ranges.keys();
    if (this.#ranges.size > MAX_SESSIONS) this.#ranges.delete(oldest!);
  }

  /** Half of the room is for what was read since the other half was filled; then what was not read meanwhile goes. */
  #keep(key: string, content: ContentText): void {
    this.#recent.set(key, content);
    this.#characters += sizeOf(content);
    if (this.#characters < MAX_CHARACTERS / 2) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#characters = 0;
  }
}

function nameOf({ dbName, project, sessionId }: SessionKey): string {
  return JSON.stringify([dbName, project, sessionId]);
}

function keyOf(dbName: string, id: number): string {
  return `${dbName} ${id}`;
}

function isWorthKeeping({ status, content }: ReadMessage): boolean {
  return status === null && content !== undefined && sizeOf(content) <= MAX_ONE;
}

/** The ids of the most messages in a row that are all kept. */
function longest(messages: readonly ReadMessage[], kept: readonly boolean[]): IdRange | undefined {
  let best: IdRange | undefined;
  let most = 0;
  let from = 0;
  for (let place = 0; place <= messages.length; place++) {
    if (kept[place]) continue;
    if (place - from > most) {
      most = place - from;
      best = [messages[from]!.id, messages[place - 1]!.id];
    }
    from = place + 1;
  }
  return best;
}
