import { hasRareWord, makeMessage } from "../data/messages.js";
import type { Driver } from "../drivers/driver.js";
import { quantile, rest, timed } from "./timing.js";

/** A session that nothing else reads. */
const OTHER = "other";

/** Milliseconds that a read takes when another session was written to since the last one: the median of so many. */
export async function afterWrites(driver: Driver, read: () => Promise<unknown>, repeats: number): Promise<number> {
  const times: number[] = [];
  for (let position = 0; times.length < repeats; position++) {
    if (hasRareWord(OTHER, position)) continue;
    await driver.append(OTHER, makeMessage(OTHER, position));
    await rest(10);
    const [time] = await timed(read);
    times.push(time);
  }
  return quantile(times, 0.5);
}
