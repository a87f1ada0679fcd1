import type { SearchHit } from "../../src/messages.js";
import type { FoundMessage } from "./find.js";
import { textOfStored } from "./message-text.js";
import { parseQuery } from "./query.js";
import { snippetsOf } from "./snippet.js";

/** How much text of found messages is kept, in characters: whoever types a query gets many of them again. */
const KEPT_CHARACTERS = 2 * 1024 * 1024;

/** Makes snippets of found messages. */
export class Snippets {
  /** By stored content, the oldest first. */
  readonly #texts = new Map<string, string>();
  #characters = 0;

  hits(query: string, found: readonly FoundMessage[]): SearchHit[] {
    const snippetOf = snippetsOf(parseQuery(query));
    return found.map(({ content, ...hit }) => ({ ...hit, snippet: snippetOf(this.#textOf(content)) }));
  }

  #textOf(stored: string): string {
    const known = this.#texts.get(stored);
    if (known !== undefined) return known;
    const text = textOfStored(stored);
    this.#texts.set(stored, text);
    this.#characters += stored.length + text.length;
    for (const [oldest, old] of this.#texts) {
      if (this.#characters <= KEPT_CHARACTERS) break;
      this.#texts.delete(oldest);
      this.#characters -= oldest.length + old.length;
    }
    return text;
  }
}
