import type { Message } from "../../../src/index.js";
import { previewOf } from "../data/messages.js";
import type { Driver, Hit, ListedSession } from "./driver.js";
import { split } from "./records.js";
import { callsTo } from "./worker-calls.js";

/**
 * What the work costs without a database: a worker appends the bytes to a file with one write, and answers; lists lie
 * ready. `envelope`: with the compression and the text form that the file format asks for. `flush`: flushed each time.
 */
export async function openDriver(variant: string): Promise<Driver> {
  const worker = new Worker(new URL("./floor-worker.ts", import.meta.url), { type: "module" });
  const call = callsTo(worker);
  const decoder = new TextDecoder();
  const parse = (bytes: unknown) =>
    split(new Uint8Array(bytes as ArrayBuffer)).map((record) => JSON.parse(decoder.decode(record)) as Message);
  await call("open", { flush: variant.includes("flush"), envelope: variant.includes("envelope") });
  return {
    append: (session, message) => call("append", session, JSON.stringify(message)),
    async load(sessions) {
      const loaded = sessions.map(({ id, createdAt, messages }) => ({
        listed: { id, createdAt, count: messages.length, preview: previewOf(messages[0]!) },
        json: messages.map((message) => JSON.stringify(message)),
      }));
      await call("load", loaded);
    },
    history: async (session) => parse(await call("history", session)),
    last: async (session, count) => parse(await call("last", session, count)),
    sessions: async () =>
      JSON.parse(decoder.decode((await call("sessions")) as ArrayBuffer)) as readonly ListedSession[],
    fork: (source, target) => call("fork", source, target),
    search: async (word) => (await call("search", word)) as readonly Hit[],
    async close() {
      await call("close");
      worker.terminate();
    },
  };
}
