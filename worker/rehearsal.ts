import { Executor, type OwnerRequest } from "./executor.js";
import { memoryFiles, openMemoryStorage } from "./memory-storage.js";
import { prepareSchema } from "./schema.js";
import { nextTurn } from "./slices.js";

/** Long enough that the engine takes the recovery of a -wal for worth optimizing. */
const LONG = "x".repeat(300_000);

/**
 * Loads SQLite, and lets the engine compile what a take-over and an owner's first calls run: WebAssembly is compiled
 * function by function when it is called, which would take half of the time. The worker's own calls have their turns
 * between the parts.
 */
export async function rehearse(): Promise<void> {
  const files = memoryFiles();
  await act(files, LONG);
  // Finds a -wal, as after a death.
  await act(files, "");
}

async function act(files: ReturnType<typeof memoryFiles>, text: string): Promise<void> {
  const storage = await openMemoryStorage(files);
  try {
    storage.database.writeBackOnClose(false);
    await nextTurn();
    prepareSchema(storage);
    await nextTurn();
    const executor = new Executor(storage);
    for (const request of requests(text)) {
      executor.execute({ client: "client", unanswered: [1, 2], requests: [request] });
      await nextTurn();
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
