import { once } from "../once.js";
import { signedWord, writeOutUmlauts } from "./word-parts.js";
import { BETWEEN, fold, isUnspaced, punctuationOf, WORD_LETTER, wordsOf } from "./words.js";

/** One way to write a term. */
export interface Spelling {
  /** As it is in most texts that say it, but for their capital letters. */
  readonly text: string;
  readonly words: readonly string[];
  /** Finds it in a folded text, punctuation included. */
  readonly literal: () => RegExp;
}

/** One thing that a message must have to be found. */
export interface Term {
  /** More than one where a word with umlauts may be written without. */
  readonly spellings: readonly Spelling[];
  /** Whether its last word may be the beginning of a longer one. */
  readonly isPrefix: boolean;
  /** Whether words alone do not say it: "user_id". */
  readonly hasPunctuation: boolean;
}

/** What counts of a query, in characters: no one types more. */
const MAX_QUERY = 1000;

/** A part in quotes, closed or not yet, or anything up to the next space. */
const PART = /"([^"]*)"?|[^\s"]+/gu;

// What stands around words in a sentence is not meant, in any script: brackets, quotes and, behind them, its marks.
const BEFORE = /^[\p{Ps}\p{Pe}\p{Pi}\p{Pf}<'¿¡…]+/u;
const AFTER = /[\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Terminal_Punctuation}>'…]+$/u;

/** Takes any text: what has no letter, digit or emoji in it is left out. */
export function parseQuery(query: string): Term[] {
  const terms: Term[] = [];
  const known = new Set<string>();
  for (const [part, quoted] of query
    .slice(0, MAX_QUERY)
    .replace(/[\uD800-\uDBFF]$/, "")
    .replace(/[“”„«»＂]/g, '"')
    .matchAll(PART)) {
    const text = quoted ?? part.replace(BEFORE, "").replace(AFTER, "");
    // Behind quotes that are not closed, because they are still typed or too long, the last word may be cut.
    const isPrefix = !part.endsWith('"');
    const key = JSON.stringify([fold(text), isPrefix]);
    if (known.has(key)) continue;
    known.add(key);
    const term = toTerm(text, isPrefix);
    if (term) terms.push(term);
  }
  return terms;
}

const FIRST_LETTER = once(() => new RegExp(`^${WORD_LETTER}`, "u"));
const LAST_LETTER = once(() => new RegExp(`${WORD_LETTER}$`, "u"));

/** C++, C#: looked up as one word. */
const SIGNED = once(() => new RegExp(`^${WORD_LETTER}+[+#]+$`, "u"));

function toTerm(text: string, isPrefix: boolean): Term | undefined {
  const folded = fold(text).trim();
  if (wordsOf(folded).length === 0) return undefined;
  if (SIGNED().test(folded)) {
    const spelling = { text: folded, words: [signedWord(folded)], literal: once(() => toLiteral([folded], isPrefix)) };
    return { spellings: [spelling], isPrefix: true, hasPunctuation: false };
  }
  const written = fold(writeOutUmlauts(text.normalize("NFC"))).trim();
  const spellings = Array.from(new Set([folded, written]), (spelled) => {
    return { text: spelled, words: wordsOf(spelled), literal: once(() => toLiteral(spelled.split(/\s+/u), isPrefix)) };
  });
  const hasPunctuation = folded.split(/\s+/u).some((piece) => punctuationOf(piece) !== "");
  return { spellings, isPrefix, hasPunctuation };
}

/** The most signs and spaces between two words of a term. With any number, a line of them would be read in quadratic time. */
const MAX_BETWEEN = 200;

function toLiteral(pieces: readonly string[], isPrefix: boolean): RegExp {
  const escaped = pieces.join(" ").replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  // Where anything might stand before punctuation, there would be too many ways to read a line of it.
  const text = escaped.replace(/ (.)/gu, (_, next: string) => {
    return `${punctuationOf(next) ? "\\s" : BETWEEN}{1,${MAX_BETWEEN}}${next}`;
  });
  const begin = FIRST_LETTER().test(text) ? `(?<!${WORD_LETTER})` : "";
  const end = !isPrefix && LAST_LETTER().test(text) ? `(?!${WORD_LETTER})` : "";
  return new RegExp(begin + text + end, "gu");
}

/** The terms in the language of FTS5. Words hold no character that means something there. */
export function toMatch(terms: readonly Term[]): string {
  return terms
    .map((term) => `(${term.spellings.map(({ words }) => spellingMatch(words, term)).join(" OR ")})`)
    .join(" AND ");
}

function spellingMatch(words: readonly string[], { isPrefix }: Term): string {
  const phrase = `"${words.join(" ")}"`;
  const columns = words.length === 1 ? "{body parts}" : "{body}";
  // The whole word too, so that it counts for more than the beginning of another.
  const wanted = isPrefix && !isUnspaced(words.at(-1)!) ? `(${phrase} OR ${phrase} *)` : phrase;
  return `${columns} : ${wanted}`;
}
