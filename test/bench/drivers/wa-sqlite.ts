import type { Message } from "../../../src/index.js";
import { previewOf } from "../data/messages.js";
import type { Driver, Hit, ListedSession } from "./driver.js";
import { callsTo } from "./worker-calls.js";

/** wa-sqlite as one would tune it by hand: the pool of access handles, exclusive, a write-ahead log, prepared statements. */
export async function openDriver(): Promise<Driver> {
  const worker = new Worker(new URL("./wa-sqlite-worker.ts", import.meta.url), { type: "module" });
  const call = callsTo(worker);
  // JSON text costs less between threads than objects do.
  const parse = (text: unknown) => JSON.parse(text as string) as readonly Message[];
  await call("open");
  return {
    append: (session, message) => call("append", session, JSON.stringify(message), previewOf(message)),
    async load(sessions) {
      const loaded = sessions.map(({ id, createdAt, messages }) => {
        const json = messages.map((message) => JSON.stringify(message));
        return { id, createdAt, preview: previewOf(messages[0]!), json };
      });
      await call("load", loaded);
    },
    history: async (session) => parse(await call("history", session)),
    last: async (session, count) => parse(await call("last", session, count)),
    sessions: async () => (await call("sessions")) as readonly ListedSession[],
    fork: (source, target) => call("fork", source, target),
    search: async (word) => (await call("search", word)) as readonly Hit[],
    async close() {
      await call("close");
      worker.terminate();
    },
  };
}
