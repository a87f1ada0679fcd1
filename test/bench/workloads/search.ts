import { RARE_WORD } from "../data/messages.js";
import { checkHits } from "../page/answers.js";
import { asTyped } from "../page/as-typed.js";
import { coldAndWarm } from "../page/timing.js";
import type { Workload } from "./workload.js";

/** Finds all messages in which a rare word stands. */
export const search: Workload = {
  name: "search",
  store: "sessions",
  async run(driver, scale) {
    const { cold, warm, value } = await coldAndWarm(() => driver.search(RARE_WORD), 3);
    checkHits(value, scale);
    const typed = await asTyped(driver, RARE_WORD, (found) => checkHits(found, scale));
    return { "search cold": cold, "search warm": warm, "search typed": typed };
  },
};
