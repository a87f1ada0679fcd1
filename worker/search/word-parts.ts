import { fold, isAscii, MAX_WORD, WORD_LETTER, wordsOf } from "./words.js";

// Beginnings inside of words at which a word is found, too, and other spellings of it.

/** A name with humps: getUserById, HTMLParser. */
const NAME = /(?:[\p{L}\p{N}]*[\p{Ll}\p{N}]\p{Lu}|\p{Lu}{2,}\p{Ll})[\p{L}\p{N}]*[+#]*/gu;
const HUMP = /(?<=[\p{Ll}\p{N}])\p{Lu}|(?<=\p{Lu})\p{Lu}(?=\p{Ll})/gu;
const MAY_HAVE_HUMPS = /[\p{Ll}\p{N}]\p{Lu}|\p{Lu}{2}\p{Ll}/u;

/** C++, C#. */
const WITH_SIGN = new RegExp(`${WORD_LETTER}+[+#]+`, "gu");

const WITH_UMLAUT = /[\p{L}\p{N}]*[äöüÄÖÜ][\p{L}\p{N}]*/gu;
const UMLAUTS: Readonly<Record<string, string>> = { ä: "ae", ö: "oe", ü: "ue", Ä: "ae", Ö: "oe", Ü: "ue" };

// Arabic and Hebrew write articles, "and" and prepositions together with the word that follows.
const PARTICLES: readonly (readonly [script: RegExp, particles: readonly RegExp[]])[] = [
  [wholeWord("\\u0621-\\u064a"), [/^[وفبكل]/, /^[وف]?[بك]?ال/, /^[وف]?لل/]],
  [wholeWord("\\u05d0-\\u05ea"), [/^[והבכלמש]/, /^ו[הבכלמש]/, /^[בכלמש]ה/]],
];

/** The parts of a text's words that are found like words. `folded` is the text folded. */
export function partsOf(text: string, folded: string): string[] {
  const parts = MAY_HAVE_HUMPS.test(text) ? humpsOf(text) : [];
  if (folded.includes("+") || folded.includes("#"))
    for (const [word] of folded.matchAll(WITH_SIGN)) parts.push(signedWord(word));
  if (isAscii(folded) && isAscii(text)) return parts;
  const composed = text.normalize("NFC");
  for (const [word] of composed.matchAll(WITH_UMLAUT)) parts.push(...wordsOf(fold(writeOutUmlauts(word))));
  for (const [script, particles] of PARTICLES) {
    for (const [word] of folded.matchAll(script)) {
      const rests = particles.map((particle) => word.replace(particle, ""));
      for (const rest of new Set(rests)) if (rest.length >= 2 && rest !== word) parts.push(...wordsOf(rest));
    }
  }
  return parts;
}

/** A word with signs behind it, as one that the index can hold: its tokenizer cuts at all ASCII but letters and digits. */
export function signedWord(word: string): string {
  return word.slice(-MAX_WORD).replace(/[+#]/g, (sign) => (sign === "+" ? "＋" : "＃"));
}

/** "Müller" as "Mueller". */
export function writeOutUmlauts(word: string): string {
  return word.replace(/[äöüÄÖÜ]/g, (letter) => UMLAUTS[letter]!);
}

function humpsOf(text: string): string[] {
  const parts: string[] = [];
  for (const [name] of text.matchAll(NAME)) {
    for (const { index } of name.matchAll(HUMP)) {
      const part = fold(name.slice(index));
      parts.push(...wordsOf(part), ...(/[+#]$/.test(part) ? [signedWord(part)] : []));
    }
  }
  return parts;
}

function wholeWord(letters: string): RegExp {
  return new RegExp(`(?<!${WORD_LETTER})[${letters}]{3,}(?!${WORD_LETTER})`, "gu");
}
