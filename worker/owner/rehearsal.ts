import type { OwnerRequest } from "../requests.js";
import { memoryFiles, openMemoryStorage } from "../storage/memory-storage.js";
import { prepareSchema } from "../operations/schema.js";
import { Executor } from "./executor.js";

/** Long enough that the engine takes the recovery of a -wal for worth optimizing. */
const LONG = "x".repeat(300_000);

/**
 * Loads SQLite, and lets the engine compile what a take-over and an owner's first calls run: WebAssembly is compiled
 * function by function when it is called, which would take half of the time. Between two parts, each of which blocks the
 * worker for a while, it waits for `pause`.
 */
export async function rehearse(pause: () => Promise<void>): Promise<void> {
  const files = memoryFiles();
  await act(files, LONG, pause);
  // Finds a -wal, as after a death.
  await act(files, "", pause);
}

async function act(files: ReturnType<typeof memoryFiles>, text: string, pause: () => Promise<void>): Promise<void> {
  const storage = await openMemoryStorage(files);
  try {
    storage.database.writeBackOnClose(false);
    await pause();
    prepareSchema(storage);
    await pause();
    const executor = new Executor(storage);
    for (const request of requests(text)) {
      executor.execute({ client: "client", unanswered: [1, 2], requests: [request] });
      await pause();
    }
  } finally {
    storage.release();
  }
}

function requests(text: string): OwnerRequest[] {
  const session = { dbName: "axio_context", project: "", sessionId: "" };
  const terms = { full: false, busyTimeout: 0 };
  const messages = [{ uid: crypto.randomUUID(), role: "user", content: `plain:["${text}"]`, preview: "" }];
  return [
    { seq: 1, name: "append", args: { session, messages }, terms },
    { seq: 2, name: "messages", args: { session, range: { last: 1 } }, terms },
  ];
}
