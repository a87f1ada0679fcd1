import { once } from "../once.js";
import { fold, isAscii, MAX_WORD, WORD_LETTER, wordsOf } from "./words.js";

// Beginnings inside of words at which a word is found, too, and other spellings of it.

/** Words one by one: a pattern that looked for more would look from each of their letters to the end. */
const NAME = once(() => new RegExp("[\\p{L}\\p{N}]+[+#]*", "gu"));
const HUMP = once(() => new RegExp("(?<=[\\p{Ll}\\p{N}])\\p{Lu}|(?<=\\p{Lu})\\p{Lu}(?=\\p{Ll})", "gu"));
const NUMBER = once(() => new RegExp("\\p{N}+", "gu"));
/** A word with more of them is no name: the parts of a text in base64 would be twice as long as it is, and nobody's words. */
const MAX_HUMPS = 10;
const MAX_NUMBERS = 2;
const MAY_HAVE_HUMPS = once(() => new RegExp("[\\p{Ll}\\p{N}]\\p{Lu}|\\p{Lu}{2}\\p{Ll}", "u"));

const SIGNS = /[+#]+/g;
const END_OF_WORD = once(() => new RegExp(`${WORD_LETTER}+$`, "u"));

const WITH_UMLAUT = /[äöüÄÖÜ]/u;
const UMLAUTS: Readonly<Record<string, string>> = { ä: "ae", ö: "oe", ü: "ue", Ä: "ae", Ö: "oe", Ü: "ue" };

// Arabic and Hebrew write articles, "and" and prepositions together with the word that follows.
const PARTICLES = once((): readonly (readonly [script: RegExp, particles: readonly RegExp[]])[] => [
  [wholeWord("\\u0621-\\u064a"), [/^[وفبكل]/, /^[وف]?[بك]?ال/, /^[وف]?لل/]],
  [wholeWord("\\u05d0-\\u05ea"), [/^[והבכלמש]/, /^ו[הבכלמש]/, /^[בכלמש]ה/]],
]);

/** A part of a word: where in the text it begins, and all of the word from there on. */
export interface Part {
  readonly at: number;
  readonly part: string;
}

/** The parts of a text's words that are found like words. `folded` is the text folded. */
export function partsOf(text: string, folded: string): string[] {
  const parts = humpsIn(text).flatMap(({ part }) => {
    const hump = fold(part);
    const words = wordsOf(hump);
    return /[+#]$/.test(hump) ? words.concat(signedWord(hump)) : words;
  });
  // C++, C#.
  for (const { 0: signs, index } of folded.matchAll(SIGNS)) {
    const word = END_OF_WORD().exec(folded.slice(Math.max(0, index - MAX_WORD), index));
    if (word) parts.push(signedWord(word[0] + signs));
  }
  if (isAscii(text)) return parts;
  if (hasUmlaut(text)) {
    for (const [word] of text.normalize("NFC").matchAll(NAME()))
      if (hasUmlaut(word)) parts.push(...wordsOf(fold(writeOutUmlauts(word))));
  }
  return parts.concat(restsIn(folded).flatMap(({ part }) => wordsOf(part)));
}

/** What follows a particle in the words of a folded text. */
export function restsIn(folded: string): Part[] {
  const parts: Part[] = [];
  for (const [script, particles] of PARTICLES()) {
    for (const { 0: word, index } of folded.matchAll(script)) {
      const rests = particles.map((particle) => word.replace(particle, ""));
      for (const part of new Set(rests))
        if (part.length >= 2 && part !== word) parts.push({ at: index + word.length - part.length, part });
    }
  }
  return parts;
}

export function hasUmlaut(text: string): boolean {
  return WITH_UMLAUT.test(text.normalize("NFC"));
}

/** A word with signs behind it, as one that the index can hold: its tokenizer cuts at all ASCII but letters and digits. */
export function signedWord(word: string): string {
  return word.slice(-MAX_WORD).replace(/[+#]/g, (sign) => (sign === "+" ? "＋" : "＃"));
}

/** "Müller" as "Mueller". */
export function writeOutUmlauts(word: string): string {
  return word.replace(/[äöüÄÖÜ]/g, (letter) => UMLAUTS[letter]!);
}

/** What begins with a capital letter inside of the names in a text: getUserById, HTMLParser. */
export function humpsIn(text: string): Part[] {
  const parts: Part[] = [];
  if (!MAY_HAVE_HUMPS().test(text)) return parts;
  for (const { 0: word, index: at } of text.matchAll(NAME())) {
    const name = word.slice(0, MAX_WORD);
    if ((name.match(NUMBER())?.length ?? 0) > MAX_NUMBERS) continue;
    const humps = [...name.matchAll(HUMP())];
    if (humps.length > MAX_HUMPS) continue;
    for (const { index } of humps) parts.push({ at: at + index, part: name.slice(index) });
  }
  return parts;
}

function wholeWord(letters: string): RegExp {
  return new RegExp(`(?<!${WORD_LETTER})[${letters}]{3,}(?!${WORD_LETTER})`, "gu");
}
