import { Random } from "./random.js";

const COUNT = 3000;
const ONSETS = "b br c ch d f g gr h l m n p pr r s st t tr v".split(" ");
const VOWELS = ["a", "e", "i", "o", "u", "ea", "io", "ou"];
const ENDS = ["", "", "l", "n", "ng", "r", "rs", "s", "st", "t", "ted"];

const words = makeWords();
const sums = sumsOfFrequencies();

/** A word of a made-up language in which words are as frequent as in real ones: the text compresses as real text does. */
export function word(random: Random): string {
  const sought = random.next() * sums.at(-1)!;
  let [low, high] = [0, COUNT - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! <= sought) low = middle + 1;
    else high = middle;
  }
  return words[low]!;
}

function makeWords(): readonly string[] {
  const random = new Random("words");
  const found = new Set<string>();
  // The frequent words are the short ones.
  while (found.size < COUNT) found.add(makeWord(random, 1 + Math.floor(found.size / 200) / 8));
  return [...found];
}

function makeWord(random: Random, syllables: number): string {
  let made = "";
  do made += pick(random, ONSETS) + pick(random, VOWELS);
  while (--syllables > random.next());
  return made + pick(random, ENDS);
}

function pick(random: Random, from: readonly string[]): string {
  return from[random.below(from.length)]!;
}

/** Zipf's law: the n-th word is about 1/n as frequent as the first. */
function sumsOfFrequencies(): readonly number[] {
  let sum = 0;
  return words.map((_, rank) => (sum += 1 / (rank + 2.7)));
}
