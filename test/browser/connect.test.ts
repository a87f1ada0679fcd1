import { describe, expect, onTestFinished, test, vi } from "vitest";
import { connect, type ConnectOptions, SQLiteContextStore } from "../../src/index.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { user, words } from "../fixtures/messages.js";

const refused = expect.objectContaining({ name: "ContextStoreError", code: "invalid-argument" }) as Error;

const BAD_PATHS: Readonly<Record<string, unknown>> = {
  nothing: "",
  "the root alone": "/",
  "the home directory alone": "~/",
  "the parent directory": "../x",
  "a parent directory inside": "a/../x",
  "the same directory": "a/./b",
  "an empty name": "a//b",
  "an empty last name": "a/",
  "two slashes in front": "//a",
  "a NUL character": "a\u0000b",
  "a line break": "a\nb",
  "a backslash": String.raw`a\b`,
  "half of a surrogate pair": "a\ud83d",
  "300 characters": "x".repeat(300),
  "no string": 7,
  undefined: undefined,
};

describe("connect", () => {
  test.each(Object.entries(BAD_PATHS))("refuses for a path: %s", async (_, path) => {
    for (const storage of ["opfs", "memory"] as const) {
      await expect(connect(path as string, { storage })).rejects.toEqual(refused);
    }
  });

  test("takes paths of 200 characters, of any script, and of names that file systems dislike", async () => {
    for (const path of ["漢".repeat(200), "a/".repeat(99) + "ab", 'con:*?"<>|.%2f', " ."]) {
      const connection = await openDatabase({ path });
      await new SQLiteContextStore(connection, "s").append(user(path));
      expect(connection.path).toBe(path);
      await connection.close();
      const again = await openDatabase({ path });
      expect(words(await new SQLiteContextStore(again, "s").getHistory())).toEqual([path]);
    }
  });

  test("keeps databases apart whose paths look alike", async () => {
    const name = crypto.randomUUID();
    const paths = [`${name}/b`, `${name}%2fb`, `${name}%252fb`, `${name}:b`, `${name}%3ab`];
    for (const path of paths) {
      await new SQLiteContextStore(await openDatabase({ path }), "s").append(user(path));
    }
    for (const path of paths) {
      expect(words(await new SQLiteContextStore(await openDatabase({ path }), "s").getHistory())).toEqual([path]);
    }
  });

  test.each([
    { busyTimeout: -1 },
    { busyTimeout: Number.NaN },
    { busyTimeout: Infinity },
    { busyTimeout: "5000" },
    { synchronous: "off" },
    { synchronous: "FULL" },
    { storage: "disk" },
    { storage: "OPFS" },
  ])("refuses the option %j", async (options) => {
    await expect(connect(freshPath(), options as ConnectOptions)).rejects.toEqual(refused);
  });

  test("takes undefined for every option", async () => {
    const connection = await openDatabase({
      busyTimeout: undefined,
      synchronous: undefined,
      storage: undefined,
      worker: undefined,
      signal: undefined,
    });
    expect(await connection.status()).toMatchObject({ storage: "opfs", synchronous: "normal", busyTimeout: 5000 });
  });
});

test("refuses a worker that serves another database, which goes on", async () => {
  let worker: Worker | undefined;
  const once = () => (worker ??= new Worker(new URL("../../worker/worker.ts", import.meta.url), { type: "module" }));
  const store = new SQLiteContextStore(await openDatabase({ path: freshPath(), worker: once }), "s");
  await store.append(user("before"));
  await expect(connect(freshPath(), { worker: once })).rejects.toEqual(refused);
  await store.append(user("after"));
  expect(words(await store.getHistory())).toEqual(["before", "after"]);
});

test("replaces a worker that has died where the browser lets nobody look at locks: Firefox, in a frame of another site", async () => {
  const refused = new DOMException("not here", "SecurityError");
  vi.spyOn(navigator.locks, "query").mockRejectedValue(refused);
  onTestFinished(() => void vi.restoreAllMocks());
  const workers: Worker[] = [];
  const worker = () => {
    workers.push(new Worker(new URL("../../worker/worker.ts", import.meta.url), { type: "module" }));
    return workers.at(-1)!;
  };
  const store = new SQLiteContextStore(await openDatabase({ path: freshPath(), worker }), "s");
  await store.append(user("before"));
  workers[0]!.terminate();
  await store.append(user("after"));
  expect(words(await store.getHistory())).toEqual(["before", "after"]);
  expect(workers).toHaveLength(2);
});

test("waits as long as a number of milliseconds can say", async () => {
  const connection = await openDatabase({ busyTimeout: 2 ** 31 - 1 });
  expect(await connection.listProjects()).toEqual([]);
});

test("in a prerendered page starts nothing until it is shown", async () => {
  let started = 0;
  const worker = () => {
    started++;
    return new Worker(new URL("../../worker/worker.ts", import.meta.url), { type: "module" });
  };
  Object.defineProperty(document, "prerendering", { value: true, configurable: true });
  const show = () => void Reflect.deleteProperty(document, "prerendering");
  onTestFinished(show);
  const stopped = new AbortController();
  const never = connect(freshPath(), { worker, signal: stopped.signal });
  const opening = openDatabase({ path: freshPath(), worker });
  stopped.abort();
  await rejection(never, "aborted");
  expect(started).toBe(0);
  show();
  document.dispatchEvent(new Event("prerenderingchange"));
  await opening;
  expect(started).toBe(1);
});

test("rejects worker-failed when the option worker throws, and works the next time", async () => {
  const path = freshPath();
  const reason = new Error("no worker today");
  const worker = () => {
    throw reason;
  };
  expect((await rejection(connect(path, { worker }), "worker-failed")).cause).toBe(reason);
  await new SQLiteContextStore(await openDatabase({ path }), "s").append(user("hello"));
});

test("keeps no port of a worker that could not be loaded", async () => {
  const channels: MessageChannel[] = [];
  const Original = globalThis.MessageChannel;
  vi.stubGlobal(
    "MessageChannel",
    class extends Original {
      constructor() {
        super();
        channels.push(this);
      }
    },
  );
  onTestFinished(() => void vi.unstubAllGlobals());
  const close = vi.spyOn(MessagePort.prototype, "close");
  onTestFinished(() => close.mockRestore());
  const worker = () => {
    const broken = new Worker("data:text/javascript,throw new Error()", { type: "module" });
    broken.addEventListener("error", (event) => event.preventDefault());
    return broken;
  };
  await rejection(connect(freshPath(), { worker }), "worker-failed");
  expect(channels).toHaveLength(1);
  expect(close.mock.contexts).toContain(channels[0]!.port1);
});

describe("an aborted connect", () => {
  test("rejects when the signal has fired before, and starts nothing", async () => {
    const reason = new Error("the user left");
    const worker = () => expect.unreachable("a worker was started");
    const call = connect(freshPath(), { signal: AbortSignal.abort(reason), worker });
    expect((await rejection(call, "aborted")).cause).toBe(reason);
  });

  test("rejects when the signal fires right after the call", async () => {
    const controller = new AbortController();
    const call = connect(freshPath(), { signal: controller.signal });
    controller.abort(new Error("the user left"));
    const error = await rejection(call, "aborted");
    expect(error.cause).toMatchObject({ message: "the user left" });
  });

  test("rejects when the signal fires while the worker starts", async () => {
    const controller = new AbortController();
    const worker = () => {
      setTimeout(() => controller.abort());
      return new Worker(new URL("../../worker/worker.js", import.meta.url), { type: "module" });
    };
    await expect(connect(freshPath(), { signal: controller.signal, worker })).rejects.toMatchObject({
      code: "aborted",
    });
  });

  test("rejects at once, also when the worker never answers", async () => {
    const controller = new AbortController();
    const script = URL.createObjectURL(new Blob(["onmessage = () => {}"], { type: "text/javascript" }));
    onTestFinished(() => URL.revokeObjectURL(script));
    const worker = () => {
      setTimeout(() => controller.abort());
      return new Worker(script);
    };
    await expect(connect(freshPath(), { signal: controller.signal, worker })).rejects.toMatchObject({
      code: "aborted",
    });
  });

  test("leaves the path free, and another caller's connection to it alone", async () => {
    const path = freshPath();
    const controller = new AbortController();
    const aborted = connect(path, { signal: controller.signal });
    const other = connect(path);
    controller.abort();
    await rejection(aborted, "aborted");
    const connection = await other;
    await new SQLiteContextStore(connection, "s").append(user("hello"));
    await connection.close();
    const again = await openDatabase({ path });
    expect(words(await new SQLiteContextStore(again, "s").getHistory())).toEqual(["hello"]);
  });

  test("a signal that fires after the connection is open does nothing to it", async () => {
    const controller = new AbortController();
    const connection = await openDatabase({ signal: controller.signal });
    controller.abort();
    expect(await new SQLiteContextStore(connection, "s").append(user("hello"))).toMatchObject({ position: 0 });
  });
});
