import { afterWrites } from "../page/after-writes.js";
import { checkSessions } from "../page/answers.js";
import { coldAndWarm } from "../page/timing.js";
import type { Workload } from "./workload.js";

/** Lists all sessions with count and preview. */
export const list: Workload = {
  name: "list",
  store: "sessions",
  async run(driver, scale) {
    const { cold, warm, value } = await coldAndWarm(() => driver.sessions(), 5);
    checkSessions(value, scale);
    const changed = await afterWrites(driver, () => driver.sessions(), 5);
    return { "list cold": cold, "list warm": warm, "list changed": changed };
  },
};
