import { checkMessages } from "../page/answers.js";
import { quantile } from "../page/timing.js";
import { appendOneByOne } from "./append.js";
import { LONG, type Workload } from "./workload.js";

const LAST = 50;

/** Appends to a long session. */
export const appendLong: Workload = {
  name: "append-long",
  store: "long",
  async run(driver, scale, state) {
    const times = await appendOneByOne(driver, LONG, state.long, scale);
    state.long += times.length;
    checkMessages(await driver.last(LONG, LAST), LONG, state.long - LAST, LAST);
    return { "append-long": quantile(times, 0.5), "append-long p95": quantile(times, 0.95) };
  },
};
