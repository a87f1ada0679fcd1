import { expose } from "comlink";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Bridge } from "../../src/bridge.js";
import { ContextStoreError } from "../../src/errors.js";
import { Line } from "../../src/line.js";
import { isLocal, type LineApi, type Reply, type Request } from "../../src/protocol.js";
import { UnansweredCalls } from "../../src/unanswered-calls.js";
import { prepareSchema } from "../../worker/operations/schema.js";
import { Executor } from "../../worker/owner/executor.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import type { Storage } from "../../worker/storage/storage.js";
import { Deltas } from "../../worker/envelopes/deltas.js";
import { sealRequest } from "../../worker/envelopes/seal-request.js";

const session = { dbName: "axio_context", project: "p", sessionId: "s" };
const terms = { full: false, busyTimeout: 5000 };

type Run = (requests: readonly Request[], unanswered: readonly number[]) => Promise<readonly Reply[]>;

let storage: Storage;
let executor: Executor;
let calls: UnansweredCalls;
let run: Run;
/** How often the worker was told that its line has failed. */
let failures: number;

/** The owner carries out what it is given, and its answer is lost. */
const losesAnswers: Run = async (requests, unanswered) => {
  await carriesOut(requests, unanswered);
  return doesNotAnswer(requests, unanswered);
};

const doesNotAnswer: Run = (requests) => {
  const error = { code: "busy", message: "", outcome: "unknown" } as const;
  return Promise.resolve(requests.map(() => ({ ok: false, error })));
};

const carriesOut: Run = (requests, unanswered) => {
  const sealed = requests.map((request) => sealRequest(request as Parameters<typeof sealRequest>[0], new Deltas()));
  return Promise.resolve(executor.execute({ client: "page", unanswered, requests: sealed }));
};

beforeEach(async () => {
  storage = await openMemoryStorage();
  prepareSchema(storage);
  executor = new Executor(storage);
  calls = new UnansweredCalls();
  run = carriesOut;
  failures = 0;
  calls.giveTo(worker());
});

/** One that does what `run` does by then. */
function worker(): Bridge {
  return {
    run: (requests: readonly Request[], seqs: readonly number[]) => run(requests, seqs),
    lineFailed: async () => void failures++,
  } as Bridge;
}

function append(uid: string): Promise<unknown> {
  const content = [{ type: "text", text: uid }] as const;
  return calls.make("append", { session, messages: [{ uid, role: "user", content }] }, terms);
}

function read(): Promise<unknown> {
  return calls.make("messages", { session, range: {} }, terms);
}

function uids(): unknown[] {
  return storage.database.rows("SELECT uid FROM axio_context_messages ORDER BY position").map(([uid]) => uid);
}

test.each([
  ["was carried out", losesAnswers],
  ["was not", doesNotAnswer],
])("an append of unknown outcome that %s can be repeated behind a read, and stands there once", async (_, first) => {
  run = first;
  await expect(append("a")).rejects.toMatchObject({ code: "busy", outcome: "unknown" });
  run = carriesOut;
  const before = read();
  const again = append("a");
  await before;
  await expect(again).resolves.toMatchObject({ value: [{ uid: "a", position: 0 }] });
  await append("b");
  expect(uids()).toEqual(["a", "b"]);
});

test("an append of unknown outcome that is repeated twice at once stands there once", async () => {
  run = doesNotAnswer;
  await expect(append("a")).rejects.toMatchObject({ outcome: "unknown" });
  run = carriesOut;
  await Promise.all([append("a"), append("b"), append("a")]);
  expect(uids()).toEqual(["a", "b"]);
});

test("what waits to be repeated when everything ends is of unknown outcome still", async () => {
  run = losesAnswers;
  await expect(append("a")).rejects.toMatchObject({ outcome: "unknown" });
  calls.giveTo(undefined);
  const repeated = append("a");
  const fresh = append("b");
  const reading = read();
  calls.end(new ContextStoreError("worker-failed", "The end."));
  await expect(repeated).rejects.toMatchObject({ code: "worker-failed", outcome: "unknown" });
  await expect(fresh).rejects.toMatchObject({ code: "worker-failed", outcome: "not-applied" });
  await expect(reading).rejects.toMatchObject({ code: "worker-failed", outcome: "not-applied" });
});

test("at most four histories are read at once, and what was called after them waits", async () => {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  run = async (requests, unanswered) => {
    begun.push(...requests.map(({ name }) => name));
    await new Promise<void>((resolve) => ends.push(resolve));
    return carriesOut(requests, unanswered);
  };
  const reads = Array.from({ length: 6 }, read);
  const write = append("a");
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  await turn();
  expect(begun).toEqual(Array.from({ length: 4 }, () => "messages"));
  ends.shift()!();
  await turn();
  expect(begun).toHaveLength(5);
  ends.shift()!();
  await turn();
  expect(begun.slice(4)).toEqual(["messages", "messages", "append"]);
  for (const end of ends) end();
  await Promise.all([...reads, write]);
});

test("an owner that hangs ends neither a pause nor what was made since", async () => {
  run = (requests, unanswered) =>
    requests[0]!.name === "wait" ? Promise.resolve([{ ok: true, value: null }]) : doesNotAnswer(requests, unanswered);
  const busy = { ...terms, busyTimeout: 0 };
  const reads = Array.from({ length: 5 }, () => calls.make("messages", { session, range: {} }, busy));
  const pause = calls.make("wait", { ms: 1 }, busy);
  const late = calls.make("tokens", { session }, busy);
  const recent = calls.make("tokens", { session }, terms);
  const ends = await Promise.allSettled([...reads, late, pause]);
  expect(ends.map(({ status }) => status)).toEqual([...Array.from({ length: 6 }, () => "rejected"), "fulfilled"]);
  await expect(recent).rejects.toMatchObject({ code: "busy" });
});

test("a defect of the worker is told as one, and writes are of unknown outcome", async () => {
  run = () => Promise.reject(new Error("out of luck"));
  const [write, reading] = [append("a"), read()];
  await expect(write).rejects.toMatchObject({
    code: "worker-failed",
    outcome: "unknown",
    cause: { message: "out of luck" },
  });
  await expect(reading).rejects.toMatchObject({ code: "worker-failed", outcome: "not-applied" });
  run = carriesOut;
  await append("a");
  expect(uids()).toEqual(["a"]);
});

describe("a line to the owner", () => {
  /** What was asked for, and which way. */
  let asked: string[];

  /** Those that had been given to a line before. */
  let repeated: Request[];

  beforeEach(() => {
    asked = [];
    repeated = [];
  });

  const note = (way: string, requests: readonly Request[]) =>
    asked.push(...requests.map(({ name, isRepeated }) => `${way}: ${name}${isRepeated ? " again" : ""}`));

  /** The worker, which is only asked for pauses as long as a line is watched. */
  function viaWorker(then: Run): Run {
    return async (requests, unanswered) => {
      const [request] = requests;
      if (request && isLocal(request)) {
        await new Promise((resolve) => setTimeout(resolve, request.args.ms));
        return [{ ok: true, value: null }];
      }
      note("worker", requests);
      repeated.push(...requests.filter(({ isRepeated }) => isRepeated));
      return then(requests, unanswered);
    };
  }

  function line(then: Run): Line {
    const { port1, port2 } = new MessageChannel();
    const api: LineApi = {
      async run(requests, unanswered) {
        note("line", requests);
        return { replies: await then(requests, unanswered), commit: 0 };
      },
    };
    expose(api, port2);
    onTestFinished(() => port2.close());
    return new Line(port1, () => {});
  }

  function search(): Promise<unknown> {
    return calls.make("searchStatus", {}, terms);
  }

  const never: Run = () => new Promise(() => {});

  /** They are carried out, and nobody hears of it. */
  const saysNothing: Run = async (requests, unanswered) => {
    await carriesOut(requests, unanswered);
    return never(requests, unanswered);
  };

  const found: Run = (requests) => Promise.resolve(requests.map(() => ({ ok: true, value: null })));

  test("is used once nothing is under way", async () => {
    const ends: (() => void)[] = [];
    run = viaWorker(async (requests, unanswered) => {
      await new Promise<void>((resolve) => ends.push(resolve));
      return carriesOut(requests, unanswered);
    });
    const first = append("a");
    await expect.poll(() => ends.length).toBe(1);
    calls.takeLine(line(carriesOut));
    const second = append("b");
    await expect.poll(() => ends.length).toBe(2);
    for (const end of ends) end();
    await Promise.all([first, second]);
    await append("c");
    expect(asked).toEqual(["worker: append", "worker: append", "line: append"]);
    expect(uids()).toEqual(["a", "b", "c"]);
  });

  test("is not used for what takes its time, which overtakes nothing, and is not waited for", async () => {
    const ends: (() => void)[] = [];
    const late: Run = async (requests, unanswered) => {
      await new Promise<void>((resolve) => ends.push(resolve));
      return carriesOut(requests, unanswered);
    };
    let isFound = () => {};
    run = viaWorker(async (requests, unanswered) => {
      await new Promise<void>((resolve) => (isFound = resolve));
      return found(requests, unanswered);
    });
    calls.takeLine(line(late));
    const all = [append("a"), search(), append("b")];
    await expect.poll(() => ends.length).toBe(1);
    expect(asked).toEqual(["line: append"]);
    ends[0]!();
    await expect.poll(() => ends.length).toBe(2);
    expect(asked).toEqual(["line: append", "worker: searchStatus", "line: append"]);
    ends[1]!();
    await Promise.all([all[0], all[2]]);
    isFound();
    await Promise.all(all);
    expect(uids()).toEqual(["a", "b"]);
  });

  test("that leads nowhere is given up, and the worker asked once more for what it was given", async () => {
    run = viaWorker((requests, unanswered) =>
      (requests[0]!.name === "searchStatus" ? never : carriesOut)(requests, unanswered),
    );
    calls.takeLine(line(saysNothing));
    void search();
    await Promise.all([append("a"), append("b")]);
    expect(failures).toBe(1);
    expect(repeated.every(({ waited = 0 }) => waited > 0)).toBe(true);
    expect(repeated).toHaveLength(2);
    expect(asked).toEqual([
      "worker: searchStatus",
      "line: append",
      "line: append",
      "worker: append again",
      "worker: append again",
    ]);
    await append("c");
    expect(asked.at(-1)).toBe("worker: append");
    expect(uids()).toEqual(["a", "b", "c"]);
  });

  test("whose owner is no more is left at once, for the next one when that comes", async () => {
    run = viaWorker(never);
    calls.takeLine(line(saysNothing));
    const appending = append("a");
    await expect.poll(uids).toEqual(["a"]);
    calls.takeLine(undefined);
    run = viaWorker(carriesOut);
    calls.giveTo(undefined);
    calls.giveTo(worker());
    await appending;
    calls.takeLine(line(carriesOut));
    await append("b");
    expect(failures).toBe(0);
    expect(asked).toEqual(["line: append", "worker: append again", "worker: append again", "line: append"]);
    expect(uids()).toEqual(["a", "b"]);
  });

  test("that was given up late answers nothing", async () => {
    let answer = () => {};
    const late: Run = async (requests) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return requests.map(() => ({ ok: true, value: "late" }));
    };
    calls.takeLine(line(late));
    const reading = read();
    await expect.poll(() => asked).toEqual(["line: messages"]);
    run = viaWorker(never);
    calls.takeLine(undefined);
    answer();
    run = viaWorker(carriesOut);
    calls.giveTo(undefined);
    calls.giveTo(worker());
    await expect(reading).resolves.toMatchObject({ ok: true, value: [] });
  });
});
