import { makeMessage } from "../data/messages.js";
import { checkMessages } from "../page/answers.js";
import { watched } from "../page/probe.js";
import { rest, timed } from "../page/timing.js";
import type { Workload } from "./workload.js";

const SESSIONS = 10;

/** Appends to ten sessions, all at once. */
export const burst: Workload = {
  name: "burst",
  store: "fresh",
  async run(driver, { appends }) {
    const work = Array.from({ length: appends }, (_, number) => {
      const session = `burst-${number % SESSIONS}`;
      return { session, message: makeMessage(session, Math.floor(number / SESSIONS)) };
    });
    await rest(60);
    const [blocked, [time]] = await watched(() =>
      timed(() => Promise.all(work.map(({ session, message }) => driver.append(session, message)))),
    );
    for (let number = 0; number < SESSIONS; number++) {
      const session = `burst-${number}`;
      checkMessages(await driver.history(session), session, 0, appends / SESSIONS);
    }
    return { burst: time, "burst blocked": blocked.late, "burst longest": blocked.longest };
  },
};
