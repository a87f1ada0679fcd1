import { expect, test } from "vitest";
import { SQLiteContextStore } from "../../src/index.js";
import type { Reply } from "../../src/protocol.js";
import { openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { user, words } from "../fixtures/messages.js";

/** A worker of which the page hears, while it is told to, that nothing is known of what it has carried out. */
function forgetfulWorker() {
  const state = { forgets: false };
  const start = (): Worker => {
    const worker = new Worker(new URL("../../worker/worker.js", import.meta.url), { type: "module" });
    // Before the page's own listener, which gets the same object.
    worker.addEventListener("message", ({ data }: MessageEvent<{ value: unknown }>) => {
      if (!state.forgets || !Array.isArray(data.value)) return;
      const error = { code: "busy", message: "It did not answer.", outcome: "unknown" } as const;
      for (const place of data.value.keys()) data.value[place] = { ok: false, error } satisfies Reply;
    });
    return worker;
  };
  return { state, start };
}

test("an append of unknown end that was carried out, and cleared, does not come back when it is repeated", async () => {
  const { state, start } = forgetfulWorker();
  const connection = await openDatabase({ worker: start });
  const store = new SQLiteContextStore(connection, "s");
  state.forgets = true;
  for (const uid of ["a", "b"]) {
    const error = await rejection(store.append(user(uid), { uid }), "busy");
    expect(error.outcome).toBe("unknown");
  }
  state.forgets = false;
  expect(words(await store.getHistory())).toEqual(["a", "b"]);
  expect(await store.append(user("b"), { uid: "b" })).toMatchObject({ uid: "b", position: 1 });
  await store.clear();
  await store.append(user("c"));
  expect(await store.append(user("a"), { uid: "a" })).toMatchObject({ uid: "a", position: 0 });
  expect(words(await store.getHistory())).toEqual(["c"]);
  // Whoever knows that it was acknowledged, and adds it again, means it.
  await store.append(user("a"), { uid: "a" });
  expect(words(await store.getHistory())).toEqual(["c", "a"]);
});
