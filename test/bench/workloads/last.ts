import { afterWrites } from "../page/after-writes.js";
import { checkMessages } from "../page/answers.js";
import { coldAndWarm } from "../page/timing.js";
import { LONG, type Workload } from "./workload.js";

const LAST = 50;

/** Reads the last messages of a long session: what a chat shows first. */
export const last: Workload = {
  name: "last",
  store: "long",
  async run(driver, _scale, { long }) {
    const { cold, warm, value } = await coldAndWarm(() => driver.last(LONG, LAST), 9);
    checkMessages(value, LONG, long - LAST, LAST);
    const changed = await afterWrites(driver, () => driver.last(LONG, LAST), 9);
    return { "last cold": cold, "last warm": warm, "last changed": changed };
  },
};
