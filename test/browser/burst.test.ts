import { expect, test } from "vitest";
import { SQLiteContextStore } from "../../src/index.js";
import { BATCH } from "../../src/protocol.js";
import { openDatabase } from "../fixtures/databases.js";
import { user, words } from "../fixtures/messages.js";
import { WatchedWorker } from "../fixtures/watched-worker.js";

test("many calls made in one go are not all posted at once, and are carried out in their order", async () => {
  const watched = new WatchedWorker();
  let worker: Worker;
  const connection = await openDatabase({ worker: () => (worker = watched.start()) });
  const store = new SQLiteContextStore(connection, "s");
  await store.append(user("0"));
  watched.crossings.length = 0;
  const texts = Array.from({ length: 1000 }, (_, place) => String(place + 1));
  const appends = texts.map((text) => store.append(user(text)));
  await Promise.resolve();
  expect(watched.crossings).toHaveLength(0);
  // What the first answer has set off.
  const first = new Promise((resolve) => {
    worker.addEventListener("message", () => resolve(watched.crossings.length), { once: true });
  });
  expect(await first).toBe(BATCH);
  expect((await Promise.all(appends)).map(({ position }) => position)).toEqual(texts.map(Number));
  expect(words(await store.getHistory())).toEqual(["0", ...texts]);
});
