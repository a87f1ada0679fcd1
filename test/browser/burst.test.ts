import { expect, test } from "vitest";
import { SQLiteContextStore } from "../../src/index.js";
import { BATCH } from "../../src/protocol.js";
import { openDatabase } from "../fixtures/databases.js";
import { user, words } from "../fixtures/messages.js";
import { WatchedWorker } from "../fixtures/watched-worker.js";

test("many calls made in one go are not all posted at once, and are carried out in their order", async () => {
  const watched = new WatchedWorker();
  const store = new SQLiteContextStore(await openDatabase({ worker: watched.start }), "s");
  await store.append(user("0"));
  watched.crossings.length = 0;
  const texts = Array.from({ length: 1000 }, (_, place) => String(place + 1));
  const appends = texts.map((text) => store.append(user(text)));
  expect(watched.crossings).toHaveLength(0);
  await Promise.resolve();
  expect(watched.crossings).toHaveLength(BATCH);
  expect((await Promise.all(appends)).map(({ position }) => position)).toEqual(texts.map(Number));
  expect(words(await store.getHistory())).toEqual(["0", ...texts]);
});
