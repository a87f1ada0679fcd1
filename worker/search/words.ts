import { once } from "../once.js";

// What a text and a query are compared by. Nothing here is stored but in the index, which is made anew when FORMAT changes.

/** Raised at every change of what a text is indexed as. */
export const FORMAT = 4;

/** Of longer words, the beginning counts. */
export const MAX_WORD = 64;

/**
 * Stands between two words that do not touch where one of them is of a script that has no spaces: what is typed without
 * a space must be found without one only.
 */
export const GAP = "·";

/** Scripts that are written without spaces between words, and emoji: each character is a word. */
const UNSPACED =
  "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}ー" +
  "\\p{Extended_Pictographic}\\p{Regional_Indicator}";
const LETTER = "\\p{L}\\p{N}\\p{M}";

/** A letter or digit that is part of a longer word: in a regular expression of the "u" kind. */
export const WORD_LETTER = `(?:(?![${UNSPACED}])[${LETTER}])`;

/** What may stand between two words: in a regular expression of the "u" kind. */
export const BETWEEN = `[^${LETTER}${UNSPACED}]`;

/** How letters are found in a folded text. Classes of Unicode cost half a millisecond in each new expression. */
export interface Alphabet {
  readonly letter: string;
  readonly between: string;
}

export const ANY: Alphabet = { letter: WORD_LETTER, between: BETWEEN };
export const ASCII_ONLY: Alphabet = { letter: "[a-z0-9]", between: "[^a-z0-9]" };

// Patterns with classes of Unicode are made when a text is first indexed or looked for.
const UNSPACED_WORD = once(() => new RegExp(`^[${UNSPACED}]`, "u"));
const WORD = once(() => new RegExp(`[${UNSPACED}]|${WORD_LETTER}+`, "gu"));
const ASCII_WORD = /[a-z0-9]+/g;

// oxlint-disable-next-line no-control-regex -- all of ASCII
const ASCII = /^[\u0000-\u007f]*$/;

// Accents of Latin, Greek and Cyrillic letters, the points of Hebrew, the vowel signs of Arabic and its stretching
// line. The breve is no accent in the Cyrillic й and ў. Soft hyphens, joiners, marks of direction and variation selectors
// tell nothing.
const ACCENTS = once(() => {
  const kinds = [
    "(?<![\\u0418\\u0438\\u0423\\u0443])\\u0306",
    "[\\u0300-\\u0305\\u0307-\\u036f\\u0591-\\u05bd\\u05bf-\\u05c7]",
    "[\\u0610-\\u061a\\u0640\\u064b-\\u065f\\u0670\\u06d6-\\u06ed]",
    "[\\u00ad\\u200c-\\u200f\\u2060\\ufeff]|[\\ufe00-\\ufe0f]|\\p{Emoji_Modifier}",
  ];
  return new RegExp(kinds.join("|"), "gu");
});

/** Letters that no normalization takes apart, and signs that are typed in a plainer form. */
const PLAIN: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  þ: "th",
  ł: "l",
  ı: "i",
  ς: "σ",
  "‘": "'",
  "’": "'",
  ʼ: "'",
  "‐": "-",
  "–": "-",
  "—": "-",
};
const NOT_PLAIN = new RegExp(`[${Object.keys(PLAIN).join("")}]`, "g");

export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/** Without case, accents and other differences that people do not type. */
export function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  const bare = text.normalize("NFKD").replace(ACCENTS(), "").normalize("NFC");
  return bare.toLowerCase().replace(NOT_PLAIN, (letter) => PLAIN[letter]!);
}

/** The words of a folded text, in order. */
export function wordsOf(folded: string): string[] {
  if (isAscii(folded)) return (folded.match(ASCII_WORD) ?? []).map(toToken);
  const words: string[] = [];
  let end = 0;
  let wasUnspaced = false;
  for (const { 0: word, index } of folded.matchAll(WORD())) {
    const unspaced = isUnspaced(word);
    if ((unspaced || wasUnspaced) && index > end && words.length > 0) words.push(GAP);
    words.push(toToken(word));
    wasUnspaced = unspaced;
    end = index + word.length;
  }
  return words;
}

/** Whether a word is found wherever it stands, not only where no letter comes before it. */
export function isUnspaced(word: string): boolean {
  return UNSPACED_WORD().test(word);
}

/** What is left of a folded text without its words. */
export function punctuationOf(folded: string): string {
  return folded.replace(WORD(), "");
}

function toToken(word: string): string {
  return word.length > MAX_WORD ? word.slice(0, MAX_WORD).replace(/[\uD800-\uDBFF]$/, "") : word;
}
