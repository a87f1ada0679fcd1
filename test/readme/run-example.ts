import { expect, vi } from "vitest";
import { directoryName, ROOT } from "../../src/database-directory.js";
import { type Given, makeGiven } from "./given.js";
import { closeConnections } from "./package.js";

/** An example of README.md, made by the plugin. */
export interface RunnableExample {
  readonly name: string;
  load(): Promise<{ readonly run: (scope: Scope) => Promise<void> }>;
}

/** What an example finds besides the browser's globals. */
interface Scope extends Given {
  readonly console: { log(value: unknown): void };
  /** The value that the README shows for what was logged; `partial`: it leaves properties out. */
  expected(value: () => unknown, partial: boolean): void;
}

/** The path that the README uses throughout. */
const PATH = ".axio/chat.db";

/**
 * Runs an example on an origin without its database. Rejects unless it logs what README.md shows. Gives what it logs
 * besides.
 */
export async function runExample(example: RunnableExample): Promise<unknown[]> {
  const logged: unknown[] = [];
  await deleteDatabase();
  // Firefox asks the user, and here there is none.
  vi.spyOn(navigator.storage, "persist").mockResolvedValue(true);
  const { run } = await example.load();
  try {
    await run({
      ...(await makeGiven()),
      console: { log: (value) => logged.push(value) },
      expected(value, partial) {
        const [actual] = logged.splice(0, 1);
        if (partial) expect(actual).toMatchObject(value() as object);
        else expect(actual).toStrictEqual(value());
      },
    });
  } finally {
    vi.restoreAllMocks();
    await closeConnections();
  }
  return logged;
}

async function deleteDatabase(): Promise<void> {
  const [root, name] = [ROOT, directoryName(PATH)];
  const directory = await (await navigator.storage.getDirectory()).getDirectoryHandle(root, { create: true });
  await directory.removeEntry(name, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
  });
}
