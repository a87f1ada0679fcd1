import { checkMessages } from "../page/answers.js";
import { rest, timed } from "../page/timing.js";
import { APPENDED, type Workload } from "./workload.js";

/** Copies the session that was appended to. */
export const fork: Workload = {
  name: "fork",
  store: "fresh",
  async run(driver, _scale, { appended }) {
    await rest(60);
    const [time] = await timed(() => driver.fork(APPENDED, "fork"));
    checkMessages(await driver.history("fork"), APPENDED, 0, appended);
    return { fork: time };
  },
};
