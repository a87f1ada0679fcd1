import { once } from "../once.js";
import type { Term } from "./query.js";
import { type Alphabet, ANY, ASCII_ONLY, fold, GAP, isAscii, isUnspaced } from "./words.js";

/** How much of a text a snippet shows, and how much of that before the first hit, in characters. */
const LENGTH = 160;
const BEFORE = 50;

/** Where a text is cut, a word that is not much longer stays whole. */
const SLACK = 16;

/** A longer text is looked for hits in its beginning alone, where it must be folded for that. */
const MOST_FOLDED = 100_000;

type Span = readonly [start: number, end: number];

/** What finds the terms of a query in a text that is, or is not, of ASCII alone. */
type Patterns = (isOfAscii: boolean) => readonly RegExp[];

/** Gives the part of a text around the first hit of a query, with the hits in it between `⟦` and `⟧`. */
export function snippetsOf(terms: readonly Term[]): (text: string) => string {
  const ofAscii = once(() => terms.map((term) => toPattern(term, ASCII_ONLY)));
  const ofAny = once(() => terms.map((term) => toPattern(term, ANY)));
  const patterns: Patterns = (isOfAscii) => (isOfAscii ? ofAscii() : ofAny());
  return (text) => cut(text, terms, patterns);
}

function cut(text: string, terms: readonly Term[], patterns: Patterns): string {
  const first = firstHit(text, terms, patterns);
  const start = wordStart(text, Math.max(0, first - BEFORE));
  const end = wordEnd(text, start + LENGTH);
  const part = text.slice(start, end);
  return `${start > 0 ? "…" : ""}${mark(part, hitsIn(part, patterns))}${end < text.length ? "…" : ""}`;
}

/** Where the first hit is; 0 where none is found. */
function firstHit(text: string, terms: readonly Term[], patterns: Patterns): number {
  // Most texts say it as it was typed.
  const lower = text.toLowerCase();
  if (lower.length === text.length) {
    const at = terms.map(({ spellings }) => plainHit(lower, spellings[0]!.words[0]!)).filter((found) => found >= 0);
    if (at.length > 0) return Math.min(...at);
  }
  return hitsIn(text.slice(0, MOST_FOLDED), patterns)[0]?.[0] ?? 0;
}

function plainHit(lower: string, word: string): number {
  for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + 1)) {
    if (at === 0 || isUnspaced(word) || !/[\p{L}\p{N}]/u.test(lower[at - 1]!)) return at;
  }
  return -1;
}

/** Finds a term at the beginnings of words, or, where it has none there, inside of them. */
function toPattern({ spellings, isPrefix, hasPunctuation }: Term, { letter, between }: Alphabet): RegExp {
  if (hasPunctuation) return new RegExp(spellings.map(({ literal }) => literal().source).join("|"), "gu");
  const texts = spellings.map(({ words }) => {
    const text = words
      .filter((word) => word !== GAP)
      .map(toText)
      .join(`${between}*`);
    const begin = isUnspaced(words[0]!) ? "" : `(?<!${letter})`;
    const end = isPrefix || isUnspaced(words.at(-1)!) ? "" : `(?!${letter})`;
    return `${begin}${text}${end}|${text}`;
  });
  return new RegExp(texts.join("|"), "gu");
}

/** "mueller" is "muller" in a folded text that had an umlaut. */
function toText(word: string): string {
  return word
    .replace(/＋/g, "\\+")
    .replace(/＃/g, "#")
    .replace(/([aou])e/g, "$1e?");
}

/** Where in a text the patterns are found, in order, none in another. */
function hitsIn(text: string, patterns: Patterns): Span[] {
  const isOfAscii = isAscii(text);
  const { folded, origin } = isOfAscii ? { folded: fold(text), origin: (at: number) => at } : foldWithOrigin(text);
  const spans = patterns(isOfAscii).flatMap((pattern) =>
    Array.from(folded.matchAll(pattern), ({ 0: hit, index }): Span => [origin(index), origin(index + hit.length)]),
  );
  const hits: Span[] = [];
  for (const span of spans.sort(([a, c], [b, d]) => a - b || d - c))
    if (span[0] >= (hits.at(-1)?.[1] ?? 0)) hits.push(span);
  return hits.filter(([start, end]) => end > start);
}

/** A text folded, and where in it each folded character comes from. */
function foldWithOrigin(text: string): { folded: string; origin: (at: number) => number } {
  const origins: number[] = [];
  let folded = "";
  // Letter by letter, with the accents behind it.
  for (const { 0: letter, index } of text.matchAll(/\P{M}\p{M}*|\p{M}+/gsu)) {
    const part = fold(letter);
    folded += part;
    for (let unit = 0; unit < part.length; unit++) origins.push(index);
  }
  return { folded, origin: (at) => origins[at] ?? text.length };
}

function mark(part: string, hits: readonly Span[]): string {
  let marked = "";
  let done = 0;
  for (const [start, end] of hits) {
    marked += `${plain(part.slice(done, start))}⟦${plain(part.slice(start, end))}⟧`;
    done = end;
  }
  return (marked + plain(part.slice(done))).trim();
}

/** In one line, and without the characters that mark a hit. */
function plain(text: string): string {
  return text.replace(/\s+/gu, " ").replace(/⟦/g, "[").replace(/⟧/g, "]");
}

function wordStart(text: string, at: number): number {
  if (at <= 0) return 0;
  const space = text.slice(Math.max(0, at - SLACK), at).search(/\s\S*$/u);
  if (space >= 0) return Math.max(0, at - SLACK) + space + 1;
  return isLowSurrogate(text, at) ? at - 1 : at;
}

function wordEnd(text: string, at: number): number {
  if (at >= text.length) return text.length;
  const space = text.slice(at, at + SLACK).search(/\s/u);
  if (space >= 0) return at + space;
  return isLowSurrogate(text, at) ? at + 1 : at;
}

function isLowSurrogate(text: string, at: number): boolean {
  return /[\uDC00-\uDFFF]/.test(text[at] ?? "");
}
