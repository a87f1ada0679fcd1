import type { Driver, Hit } from "../drivers/driver.js";
import { quantile, rest, timed } from "./timing.js";

/** From so many letters on, nothing else in the messages begins like the word. */
const FROM = 5;

/** Milliseconds that a search takes while its word is typed, letter by letter: the median. */
export async function asTyped(driver: Driver, word: string, check: (found: readonly Hit[]) => void): Promise<number> {
  const times: number[] = [];
  for (let length = FROM; length < word.length; length++) {
    await rest(10);
    const [time, found] = await timed(() => driver.search(word.slice(0, length)));
    check(found);
    times.push(time);
  }
  return quantile(times, 0.5);
}
