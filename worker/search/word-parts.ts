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

/** The parts of a text's words that are found like words. `folded` is the text folded. */
export function partsOf(text: string, folded: string): string[] {
  const parts = MAY_HAVE_HUMPS().test(text) ? humpsOf(text) : [];
  // C++, C#.
  for (const { 0: signs, index } of folded.matchAll(SIGNS)) {
    const word = END_OF_WORD().exec(folded.slice(Math.max(0, index - MAX_WORD), index));
    if (word) parts.push(signedWord(word[0] + signs));
  }
  if (isAscii(folded) && isAscii(text)) return parts;
  const composed = text.normalize("NFC");
  if (WITH_UMLAUT.test(composed)) {
    for (const [word] of composed.matchAll(NAME()))
      if (WITH_UMLAUT.test(word)) parts.push(...wordsOf(fold(writeOutUmlauts(word))));
  }
  for (const [script, particles] of PARTICLES()) {
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

/** A name with humps: getUserById, HTMLParser. */
function humpsOf(text: string): string[] {
  const parts: string[] = [];
  for (const [word] of text.matchAll(NAME())) {
    const name = word.slice(0, MAX_WORD);
    if ((name.match(NUMBER())?.length ?? 0) > MAX_NUMBERS) continue;
    const humps = [...name.matchAll(HUMP())];
    if (humps.length > MAX_HUMPS) continue;
    for (const { index } of humps) {
      const part = fold(name.slice(index));
      parts.push(...wordsOf(part), ...(/[+#]$/.test(part) ? [signedWord(part)] : []));
    }
  }
  return parts;
}

function wholeWord(letters: string): RegExp {
  return new RegExp(`(?<!${WORD_LETTER})[${letters}]{3,}(?!${WORD_LETTER})`, "gu");
}
