import { makeMessages } from "../data/messages.js";
import type { Driver } from "../drivers/driver.js";
import { checkMessages } from "../page/answers.js";
import { quantile, rest } from "../page/timing.js";
import { APPENDED, type Scale, type Workload } from "./workload.js";

/** Appends one message after the other to a session that begins with the first. */
export const append: Workload = {
  name: "append",
  store: "fresh",
  async run(driver, scale, state) {
    const times = await appendOneByOne(driver, APPENDED, 0, scale);
    checkMessages(await driver.history(APPENDED), APPENDED, 0, times.length);
    state.appended = times.length;
    return { append: quantile(times, 0.5), "append p95": quantile(times, 0.95) };
  },
};

/** Milliseconds that each append took, until all are done or the time is over. */
export async function appendOneByOne(
  driver: Driver,
  session: string,
  from: number,
  { appends, limit }: Scale,
): Promise<number[]> {
  const messages = makeMessages(session, from, appends);
  await rest(60);
  const times: number[] = [];
  const begin = performance.now();
  let last = begin;
  for (const message of messages) {
    await driver.append(session, message);
    const now = performance.now();
    times.push(now - last);
    last = now;
    if (now - begin > limit) break;
  }
  return times;
}
