import { beforeAll, describe, expect, test } from "vitest";
import {
  connect,
  type Connection,
  type ContextChange,
  type ImportProgress,
  SQLiteContextStore,
} from "../../src/index.js";
import { freshPath, openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { golden } from "../fixtures/golden.js";
import { largeFile } from "../fixtures/large-file.js";
import { user, words } from "../fixtures/messages.js";
import { filesOf, INDEX, MAIN, WAL } from "../fixtures/pool.js";
import { snapshot } from "../fixtures/snapshots.js";

const SESSIONS = 4;

let messages = 100;
let file: Blob;

// Large enough to be told of in the middle, however fast the machine is.
beforeAll(async () => {
  const connection = await connect(freshPath());
  do {
    messages *= 2;
    file = await largeFile(SESSIONS, messages, 6000);
  } while ((await timesTold(connection, file)) < 6);
  await connection.close();
});

/** How often its import tells how much of it is merged. */
async function timesTold(connection: Connection, imported: Blob): Promise<number> {
  let times = 0;
  await connection.import(imported, {
    onProgress: ({ phase }) => {
      if (phase === "merge") times++;
    },
  });
  return times;
}

function on(connection: Connection, sessionId = "mine"): SQLiteContextStore {
  return new SQLiteContextStore(connection, sessionId, { project: "p" });
}

/** Something to find as it was. */
async function withHistory(path = freshPath()): Promise<Connection> {
  const connection = await openDatabase({ path });
  await connection.import(await golden("small.db"));
  await on(connection).append(user("one"));
  await on(connection, "session2").append(user("diverged"));
  await on(connection, "session0").setContextTokens(1, 1);
  return connection;
}

/** Calls back once, as soon as so much of a phase is done. */
function once(phase: ImportProgress["phase"], part: number, then: () => void): (progress: ImportProgress) => void {
  let called = false;
  return (progress) => {
    if (called || progress.phase !== phase || progress.done < part * progress.total) return;
    called = true;
    then();
  };
}

describe("an import", () => {
  test("tells how far it has come, to the end", async () => {
    const connection = await withHistory();
    const heard: ImportProgress[] = [];
    await connection.import(file, { onProgress: (progress) => heard.push(progress) });
    const phases = heard.map(({ phase }) => phase);
    expect(phases.lastIndexOf("copy")).toBe(phases.indexOf("merge") - 1);
    for (const [phase, total] of [
      ["copy", file.size],
      ["merge", SESSIONS * messages],
    ] as const) {
      const steps = heard.filter((progress) => progress.phase === phase);
      expect(steps.length).toBeGreaterThan(1);
      expect(steps.every((progress) => progress.total === total)).toBe(true);
      const done = steps.map((progress) => progress.done);
      expect(done).toEqual([...done].sort((a, b) => a - b));
      expect([done[0], done.at(-1)]).toEqual([0, total]);
    }
  });

  test("goes on when a listener for its progress throws", async () => {
    const connection = await openDatabase();
    const reported = new Promise((resolve) => addEventListener("error", resolve, { once: true }));
    addEventListener("error", (event) => event.preventDefault(), { once: true });
    const onProgress = once("copy", 0, () => {
      throw new Error("the listener's own");
    });
    expect(await connection.import(file, { onProgress })).toMatchObject({ sessionsAdded: SESSIONS });
    await reported;
  });

  test.each([
    ["copy", 0],
    ["merge", 0],
    ["merge", 0.3],
  ] as const)(
    "aborted in phase %s at %d leaves the database as it was, and what was written meanwhile",
    async (phase, part) => {
      const connection = await withHistory();
      const before = await snapshot(connection);
      const abort = new AbortController();
      const importing = connection.import(file, {
        signal: abort.signal,
        onProgress: once(phase, part, () => abort.abort()),
      });
      const changes: ContextChange[] = [];
      connection.subscribe((change) => changes.push(change));
      const error = await rejection(importing, "aborted");
      expect(error.outcome).toBe("not-applied");
      expect(await snapshot(connection)).toEqual(before);
      expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
      await on(connection).append(user("two"));
      // Who has seen some of it is told to read again.
      const told = changes.filter(({ kind }) => kind === "import").length;
      expect(told).toBeGreaterThanOrEqual(phase === "merge" && part > 0 ? 1 : 0);
      expect(told).toBeLessThanOrEqual(1);
      expect(await connection.import(file)).toMatchObject({ sessionsAdded: 3, sessionsForked: 1 });
    },
  );

  test("keeps what others append while it is under way, when it ends and when it is aborted", async () => {
    for (const abortAt of [0.3, 2]) {
      const connection = await withHistory();
      const abort = new AbortController();
      const texts = ["one"];
      let merging = false;
      const state = { importing: true };
      const onProgress = (progress: ImportProgress) => {
        merging ||= progress.phase === "merge";
        if (merging && progress.done > abortAt * progress.total) abort.abort();
      };
      const ended = connection.import(file, { signal: abort.signal, onProgress }).then(
        () => (state.importing = false),
        () => (state.importing = false),
      );
      let between = 0;
      while (state.importing) {
        texts.push(String(texts.length));
        await on(connection).append(user(texts.at(-1)!));
        if (merging && state.importing) between++;
      }
      await ended;
      // Were it one transaction, none would be answered.
      expect(between).toBeGreaterThan(abortAt > 1 ? 1 : 0);
      expect(words(await on(connection).getHistory())).toEqual(texts);
      const list = await on(connection).listSessions();
      expect(list).toHaveLength(abortAt < 1 ? 2 : 2 + SESSIONS);
      expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
    }
  });

  test.each([0.1, 0.6])("takes a session for diverged that others write to meanwhile (%d)", async (part) => {
    const connection = await openDatabase();
    const appended = Promise.withResolvers<unknown>();
    const onProgress = once("merge", part, () =>
      appended.resolve(Promise.all([0, 1, 2, 3].map((n) => on(connection, `session${n}`).append(user("mine"))))),
    );
    const summary = await connection.import(file, { onProgress });
    await appended.promise;
    const list = await on(connection).listSessions();
    expect(list.reduce((sum, { messageCount }) => sum + messageCount, 0)).toBe(SESSIONS * messages + 4);
    expect(summary.sessionsAdded + summary.sessionsForked).toBe(SESSIONS);
    expect(summary.messagesAdded).toBe(SESSIONS * messages);
    for (const { sessionId } of list) {
      const history = words(await on(connection, sessionId).getHistory());
      const theirs = history.filter((text) => text !== "mine").map((text) => Number.parseInt(text, 10));
      expect([0, messages]).toContain(theirs.length);
      expect(theirs).toEqual(theirs.map((_, i) => theirs[0]! + i));
      expect(history.lastIndexOf("mine")).toBe(history.includes("mine") ? history.length - 1 : -1);
    }
    expect(list.filter(({ parentSessionId }) => parentSessionId !== undefined)).toHaveLength(summary.sessionsForked);
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  test.each([0.2, 0.7])(
    "whose worker is killed (%d) is taken back, begun again, and carried out once",
    async (part) => {
      const workers: Worker[] = [];
      const path = freshPath();
      const worker = () => {
        workers.push(new Worker(new URL("../../worker/worker.ts", import.meta.url), { type: "module" }));
        return workers.at(-1)!;
      };
      const connection = await openDatabase({ path, worker });
      await on(connection).append(user("one"));
      const onProgress = once("merge", part, () => workers[0]!.terminate());
      expect(await connection.import(file, { onProgress })).toMatchObject({
        sessionsAdded: SESSIONS,
        messagesAdded: SESSIONS * messages,
      });
      // It may have been done by the time that it was killed, and its answer on its way.
      await expect.poll(() => workers.length).toBe(2);
      expect(
        (await on(connection).listSessions()).map(({ messageCount }) => messageCount).sort((a, b) => a - b),
      ).toEqual([1, ...Array.from({ length: SESSIONS }, () => messages)]);
      expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
    },
  );

  test.each([0.01, 0.4])("whose tab is gone in the middle (%d) leaves nothing for the next one", async (part) => {
    const path = freshPath();
    const first = await withHistory(path);
    const before = await snapshot(first);
    await first.close();
    let worker: Worker | undefined;
    const tab = await connect(path, {
      worker: () => (worker ??= new Worker(new URL("../../worker/worker.ts", import.meta.url), { type: "module" })),
    });
    const killed = Promise.withResolvers<void>();
    const onProgress = once("merge", part, () => {
      worker?.terminate();
      void tab.close().then(killed.resolve);
    });
    await rejection(tab.import(file, { onProgress }), "closed");
    await killed.promise;
    const next = await openDatabase({ path });
    // On a busy machine the import may be over before this page has heard that it has come so far.
    const isOver = (await on(next).listSessions()).length === 2 + SESSIONS;
    expect(isOver ? before : await snapshot(next)).toEqual(before);
    // After a check, which looks at everything, nothing is left of the file that was brought in.
    expect(await next.checkIntegrity()).toEqual({ ok: true, problems: [] });
    const lasting = [MAIN, WAL, INDEX, `${INDEX}-wal`];
    const left = [...(await filesOf(path))].filter(([name]) => !lasting.includes(name));
    // A death while the index's file enters WAL mode leaves its journal, which is empty.
    const isNothing = ([name, { size }]: readonly [string, Blob]) => name === `${INDEX}-journal` && size === 0;
    expect(left.filter((file) => !isNothing(file))).toEqual([]);
    // All of it is there then, or nothing.
    expect((await next.import(file)).messagesAdded).toBe(isOver ? 0 : SESSIONS * messages);
    expect(await next.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  test("replaces everything in one transaction, after an abort of which nothing is replaced", async () => {
    const connection = await withHistory();
    const before = await snapshot(connection);
    const abort = new AbortController();
    const importing = connection.import(file, { mode: "replace", signal: abort.signal });
    abort.abort();
    await rejection(importing, "aborted");
    expect(await snapshot(connection)).toEqual(before);
    expect(await connection.import(file, { mode: "replace" })).toMatchObject({ sessionsAdded: SESSIONS });
    expect(await on(connection).listSessions()).toHaveLength(SESSIONS);
  });

  test("does not begin with a signal that has fired", async () => {
    const connection = await openDatabase();
    const error = await rejection(connection.import(file, { signal: AbortSignal.abort("no") }), "aborted");
    expect(error.cause).toBe("no");
    expect(await connection.listProjects()).toEqual([]);
  });

  const database = sharedDatabase({ storage: "memory" });

  test.each([null, 5, "text", {}])("refuses %j for onProgress", async (onProgress) => {
    const connection = await database();
    await rejection(connection.import(file, { onProgress: onProgress as never }), "invalid-argument");
    await rejection(connection.import(file, { signal: { onProgress } as never }), "invalid-argument");
    expect(await connection.listProjects()).toEqual([]);
  });

  test("keeps the token counts that were here of a session without messages", async () => {
    const connection = await openDatabase();
    await on(connection, "without messages").setContextTokens(1, 2);
    await connection.import(file);
    expect(await on(connection, "without messages").getContextTokens()).toEqual({ inputTokens: 1, outputTokens: 2 });
    expect(await on(connection, "session0").getContextTokens()).toEqual({ inputTokens: 3, outputTokens: 4 });
  });
});
