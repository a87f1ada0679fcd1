import { type Connection, connect, isContextStoreError, SQLiteContextStore } from "../../../src/index.js";
import type { ImportProgress } from "../../../src/index.js";

const SESSIONS = 10;

/** A large file, its import, and how far it has come. */
export class Importing {
  progress: ImportProgress | undefined;
  readonly #abort = new AbortController();
  readonly #told = new EventTarget();
  readonly #connection: () => Connection;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(connection: () => Connection) {
    this.#connection = connection;
  }

  /** Begins. Resolves once it has come to merging. */
  async begin(messages = 100): Promise<void> {
    await this.#beginWith(await makeFile(messages));
  }

  /** The same with the file that the page's input has. */
  async beginWithInput(): Promise<void> {
    await this.#beginWith(document.querySelector("input")!.files![0]!);
  }

  async #beginWith(file: Blob): Promise<void> {
    await new Promise<void>((resolve) => {
      const onProgress = (progress: ImportProgress) => {
        this.progress = progress;
        this.#told.dispatchEvent(new Event("progress"));
        if (progress.phase === "merge" && progress.done > 0) resolve();
      };
      this.#ended = this.#connection()
        .import(file, { signal: this.#abort.signal, onProgress })
        .catch((error: unknown) => (isContextStoreError(error) ? error.code : String(error)))
        .finally(resolve);
    });
  }

  /** Of the merge: which part is done. */
  get part(): number {
    return this.progress?.phase === "merge" ? this.progress.done / this.progress.total : 0;
  }

  /** Resolves as soon as this part of the merge is done: it may be over soon after. */
  async reached(part: number): Promise<void> {
    while (this.part < part)
      await new Promise((resolve) => this.#told.addEventListener("progress", resolve, { once: true }));
  }

  abort(): void {
    this.#abort.abort();
  }

  /** What became of it: its summary, or the code of its error. */
  ended(): Promise<unknown> {
    return this.#ended;
  }

  /** How many messages there are of each session of the file. */
  async counts(): Promise<number[]> {
    const sessions = await new SQLiteContextStore(this.#connection(), "any", { project: "file" }).listSessions();
    return sessions.map(({ messageCount }) => messageCount);
  }
}

async function makeFile(messages: number): Promise<Blob> {
  const connection = await connect("file", { storage: "memory" });
  // What does not compress.
  const letters = Array.from({ length: 4000 }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90)));
  const text = letters.join("");
  for (let i = 0; i < SESSIONS; i++) {
    const store = new SQLiteContextStore(connection, `from-file-${i}`, { project: "file" });
    await store.appendAll(
      Array.from({ length: messages }, (_, n) => ({ role: "user", content: [{ type: "text", text: `${n} ${text}` }] })),
    );
  }
  const file = await connection.export();
  await connection.close();
  return file;
}
