import { once } from "../once.js";
import type { Term } from "./query.js";
import { hasUmlaut, humpsIn, restsIn, writeOutUmlauts } from "./word-parts.js";
import { type Alphabet, ANY, ASCII_ONLY, fold, GAP, isAscii, isUnspaced, MAX_WORD } from "./words.js";

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
  const longest = Math.max(...terms.map(({ spellings }) => spellings[0]!.text.length));
  const end = wordEnd(text, Math.max(start + LENGTH, first + longest));
  const part = text.slice(start, end);
  return `${start > 0 ? "…" : ""}${mark(part, hitsIn(part, patterns))}${end < text.length ? "…" : ""}`;
}

/** Where the first hit is; 0 where none is found. */
function firstHit(text: string, terms: readonly Term[], patterns: Patterns): number {
  // Most texts say it as it was typed.
  const lower = text.toLowerCase();
  if (lower.length === text.length) {
    const at = terms.map((term) => plainHit(lower, term)).filter((found) => found >= 0);
    if (at.length > 0) return Math.min(...at);
  }
  const beginning = text.slice(0, MOST_FOLDED);
  for (const reading of readingsOf(beginning)) {
    const firsts = patterns(isAscii(beginning)).map((pattern) => spansIn(beginning, reading, pattern).next().value);
    const at = firsts.flatMap((span) => span?.[0] ?? []);
    if (at.length > 0) return Math.min(...at);
  }
  return 0;
}

function plainHit(lower: string, { spellings, isPrefix }: Term): number {
  const { text, words } = spellings[0]!;
  const goesOn = (at: number) => /[\p{L}\p{N}\p{M}]/u.test(lower[at] ?? "");
  for (let at = lower.indexOf(text); at >= 0; at = lower.indexOf(text, at + 1)) {
    const isBeginning = !goesOn(at) || isUnspaced(words[0]!) || !goesOn(at - 1);
    const end = at + text.length;
    if (isBeginning && (isPrefix || isUnspaced(words.at(-1)!) || !goesOn(end - 1) || !goesOn(end))) return at;
  }
  return -1;
}

/**
 * Finds a term at the beginnings of words, and, as its first group, inside of them, where it is one only at the beginning
 * of a part.
 */
function toPattern({ spellings, isPrefix, hasPunctuation }: Term, { letter, between }: Alphabet): RegExp {
  if (hasPunctuation) return new RegExp(spellings.map(({ literal }) => literal().source).join("|"), "gu");
  const texts = spellings.map(({ words }) => {
    const text = toText(words, between);
    const begin = isUnspaced(words[0]!) ? "" : `(?<!${letter})`;
    const end = isPrefix || isUnspaced(words.at(-1)!) ? "" : `(?!${letter})`;
    return `${begin}${text}${end}|(${text}${end})`;
  });
  return new RegExp(texts.join("|"), "gu");
}

/** The words as they stand in a text: those of a script without spaces touch their neighbours, unless there is a gap. */
function toText(words: readonly string[], between: string): string {
  return words
    .map((word, place) => {
      if (word === GAP) return `${between}+`;
      const before = words[place - 1] ?? GAP;
      const touches = before === GAP || isUnspaced(before) || isUnspaced(word);
      return (touches ? "" : `${between}+`) + word.replace(/＋/g, "\\+").replace(/＃/g, "#");
    })
    .join("");
}

/** Where in a text the patterns are found, in order, none in another. */
function hitsIn(text: string, patterns: Patterns): Span[] {
  const spans: Span[] = [];
  for (const reading of readingsOf(text))
    for (const pattern of patterns(isAscii(text))) spans.push(...spansIn(text, reading, pattern));
  const hits: Span[] = [];
  for (const span of spans.sort(([a, c], [b, d]) => a - b || d - c))
    if (span[0] >= (hits.at(-1)?.[1] ?? 0)) hits.push(span);
  return hits;
}

function* spansIn(text: string, { folded, origin }: Reading, pattern: RegExp): Generator<Span, undefined> {
  for (const match of folded.matchAll(pattern)) {
    const { 0: hit, index } = match;
    const start = origin(index);
    const isInside = match.slice(1).some((group) => group !== undefined);
    if (isInside && !isPart(text, start) && !isPart(folded, index)) continue;
    // A letter that is more than one when it is folded is marked as a whole.
    let end = index + hit.length;
    const last = origin(end - 1);
    while (end < folded.length && origin(end) === last) end++;
    yield [start, origin(end)];
  }
}

/** Where a part of a word, of a text or a folded one, may begin: with a capital letter, or behind a particle. */
const MAY_BE_PART = once(() => new RegExp("^[\\p{Lu}\\u05d0-\\u064a]", "u"));

function isPart(text: string, at: number): boolean {
  if (!MAY_BE_PART().test(text.slice(at, at + 2))) return false;
  const from = Math.max(0, at - MAX_WORD);
  const around = text.slice(from, at + MAX_WORD);
  return [...humpsIn(around), ...restsIn(around)].some((part) => part.at === at - from);
}

/** A text folded, and where in it each folded character comes from. */
interface Reading {
  readonly folded: string;
  readonly origin: (at: number) => number;
}

/** With umlauts, a text is read in two ways: "Müller" is "muller" and "mueller". */
function* readingsOf(text: string): Generator<Reading, void> {
  if (isAscii(text)) yield { folded: fold(text), origin: (at) => at };
  else yield foldWithOrigin(text, fold);
  if (hasUmlaut(text)) yield foldWithOrigin(text, (letter) => fold(writeOutUmlauts(letter.normalize("NFC"))));
}

function foldWithOrigin(text: string, foldLetter: (letter: string) => string): Reading {
  const origins: number[] = [];
  let folded = "";
  // Letter by letter, with what becomes one with it: accents, the rest of a Korean syllable, Japanese voice marks.
  for (const { 0: letter, index } of text.matchAll(/\P{M}[\p{M}\u1160-\u11ff\uff9e\uff9f]*|\p{M}+/gsu)) {
    const part = foldLetter(letter);
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
