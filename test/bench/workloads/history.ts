import { afterWrites } from "../page/after-writes.js";
import { checkMessages } from "../page/answers.js";
import { watched } from "../page/probe.js";
import { coldAndWarm } from "../page/timing.js";
import { APPENDED, type Workload } from "./workload.js";

/** Reads the whole history of the session that was appended to. */
export const history: Workload = {
  name: "history",
  store: "fresh",
  async run(driver, _scale, { appended }) {
    const [blocked, { cold, warm, value }] = await watched(() => coldAndWarm(() => driver.history(APPENDED), 5));
    checkMessages(value, APPENDED, 0, appended);
    const changed = await afterWrites(driver, () => driver.history(APPENDED), 5);
    return {
      "history cold": cold,
      "history warm": warm,
      "history changed": changed,
      "history blocked": blocked.late,
      "history longest": blocked.longest,
    };
  },
};
