import { Executor } from "./executor.js";
import { openMemoryStorage } from "./memory-storage.js";
import { prepareSchema } from "./schema.js";

/**
 * Loads SQLite, and lets the engine compile what an owner's first calls run: WebAssembly is compiled function by function
 * when it is called, which would take half of the time of a take-over.
 */
export async function rehearse(): Promise<void> {
  const storage = await openMemoryStorage();
  try {
    prepareSchema(storage);
    const session = { dbName: "axio_context", project: "", sessionId: "" };
    const terms = { full: false, busyTimeout: 0 };
    const messages = [{ uid: "uid", role: "user", content: "plain:[]", preview: "" }];
    new Executor(storage).execute({
      client: "client",
      unanswered: [1, 2],
      requests: [
        { seq: 1, name: "append", args: { session, messages }, terms },
        { seq: 2, name: "messages", args: { session, range: { last: 1 } }, terms },
      ],
    });
  } finally {
    storage.release();
  }
}
