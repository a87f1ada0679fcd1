import { makeShortMessage, SOUGHT } from "../data/short-messages.js";
import { sessionName } from "../data/messages.js";
import type { Driver } from "../drivers/driver.js";
import type { Figures } from "../workloads/workload.js";
import { afterWrites } from "./after-writes.js";
import { asTyped } from "./as-typed.js";
import { quantile, rest, timed } from "./timing.js";

const APPENDS = 200;
const REPEATS = 15;
const LAST = 50;
const PAGE = 50;

/** Milliseconds of the calls of a chat, on a database with so many sessions. */
export async function growthCalls(driver: Driver, sessions: number): Promise<Figures> {
  const session = sessionName(sessions - 1);
  const appends: number[] = [];
  await rest(300);
  for (let number = 0; number < APPENDS; number++) {
    const [time] = await timed(() => driver.append(`new-${number % 4}`, makeShortMessage("new", number)));
    appends.push(time);
  }
  const last = await afterWrites(driver, async () => expect(await driver.last(session, LAST), LAST), REPEATS);
  const list = await afterWrites(driver, async () => expect(await driver.page!(PAGE), PAGE), REPEATS);
  const search = await asTyped(driver, SOUGHT, (found) => expect(found, 20));
  return { append: quantile(appends, 0.5), last, list, search };
}

function expect(found: readonly unknown[], count: number): void {
  if (found.length !== count) throw new Error(`Wrong answer: ${found.length} instead of ${count}.`);
}
