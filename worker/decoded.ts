import { unseal } from "./envelope.js";
import { isPlainJson } from "./stored-json.js";

/** The most characters that are kept, of contents and of what they say: 16 MB, since nearly all are ASCII. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** Larger contents are rare, and one of them would push out many. */
const MAX_ONE = 256 * 1024;

/**
 * The JSON of the contents that were read last. A content is found by itself, not by its row: whatever becomes of rows,
 * the same bytes say the same.
 */
export class Decoded {
  #recent = new Map<string, string>();
  #older = new Map<string, string>();
  #characters = 0;

  /** The JSON text of a stored content; see {@link unseal}. */
  read(stored: string): string {
    const known = this.#recent.get(stored);
    if (known !== undefined) return known;
    const json = this.#older.get(stored) ?? unseal(stored);
    if (isWorthKeeping(stored, json)) this.#keep(stored, json);
    return json;
  }

  /** Half of the room is for what was read since the other half was filled; then what was not read meanwhile goes. */
  #keep(stored: string, json: string): void {
    this.#recent.set(stored, json);
    this.#characters += stored.length + json.length;
    if (this.#characters < MAX_CHARACTERS / 2) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#characters = 0;
  }
}

/** Plain ones cost nothing to read, and those with images are large. */
function isWorthKeeping(stored: string, json: string): boolean {
  return typeof stored === "string" && stored.startsWith("gzip:") && json.length <= MAX_ONE && isPlainJson(json);
}
