import type { ListText } from "../../src/operations.js";
import type { Request } from "../../src/protocol.js";
import type { Batch } from "./batches.js";

/** What a page was answered: a list, what was found, or messages. */
export type Answer = ListText<unknown> | readonly Batch[];

interface Kept {
  readonly answer: Answer;
  /** The database's when it was read. */
  readonly version: string;
  readonly characters: number;
}

/** The most characters that are kept: 8 MB, since nearly all are ASCII. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

/** Larger answers are rare, and one of them would push out many. */
const MAX_ONE = MAX_CHARACTERS / 2;

/**
 * What the page was answered last, by what it had asked for: while the database is still of that version, the owner need
 * neither read nor send it again.
 */
export class RecentAnswers {
  readonly #kept = new Map<string, Kept>();
  #characters = 0;

  versionOf(request: Request): string | undefined {
    return this.#kept.get(keyOf(request))?.version;
  }

  /** Nothing when what was kept is gone, or of another version. */
  get(request: Request, version: string | undefined): Answer | undefined {
    const key = keyOf(request);
    const kept = this.#kept.get(key);
    if (kept?.version !== version) return undefined;
    // A map keeps the order in which its keys were set.
    this.#kept.delete(key);
    this.#kept.set(key, kept!);
    return kept!.answer;
  }

  /** Keeps an answer, unless it is too large; the ones that were not asked for the longest time make room. */
  keep(request: Request, version: string, answer: Answer): void {
    const key = keyOf(request);
    this.#drop(key);
    const characters = key.length + sizeOf(answer);
    if (characters > MAX_ONE) return;
    this.#kept.set(key, { answer, version, characters });
    this.#characters += characters;
    for (const oldest of this.#kept.keys()) {
      if (this.#characters <= MAX_CHARACTERS) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#characters -= this.#kept.get(key)?.characters ?? 0;
    this.#kept.delete(key);
  }
}

/** What was asked, without what this worker has added for the owner. */
function keyOf({ name, args }: Request): string {
  return JSON.stringify([name, { ...args, known: undefined, seen: undefined }]);
}

function sizeOf(answer: Answer): number {
  if (typeof answer === "string") return answer.length;
  // Messages that are not text hold images, or much text: these are not kept.
  return answer.reduce((sum, { messages }) => sum + (typeof messages === "string" ? messages.length : Infinity), 0);
}
