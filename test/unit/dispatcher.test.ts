import { afterEach, describe, expect, test } from "vitest";
import { clientChannel, type ClientMessage, ownerChannel, TabChannels } from "../../worker/channels.js";
import { type Reply, type Request, takeBatch } from "../../src/protocol.js";
import { Dispatcher } from "../../worker/tab/dispatcher.js";
import { type Outstanding, OutstandingCalls } from "../../worker/tab/outstanding.js";

const session = { dbName: "axio_context", project: "p", sessionId: "s" };
const ownership = { protocol: 1, databaseId: "d", epoch: 1, owner: "o" };

test("calls that wait for the owner for different times travel apart", () => {
  const calls = [1, 1, 5, 5, 1].map((busyTimeout, seq) => {
    const request: Request<"tokens"> = { seq, name: "tokens", args: { session }, terms: { full: false, busyTimeout } };
    return { request };
  });
  const batches: number[][] = [];
  while (calls.length > 0) batches.push(takeBatch(calls).map(({ request }) => request.seq));
  expect(batches).toEqual([[0, 1], [2, 3], [4]]);
});

describe("what a line has left unanswered for some time", () => {
  const make = (
    outstanding: OutstandingCalls,
    seq: number,
    waited: number,
    onReply: (reply: Reply) => void = () => {},
  ) => {
    const terms = { full: false, busyTimeout: 60_000 };
    const request: Request<"tokens"> = { seq, name: "tokens", args: { session }, terms, waited };
    return outstanding.add(request, onReply);
  };

  test("has that much less patience", () => {
    const outstanding = new OutstandingCalls();
    outstanding.heard = -Infinity;
    const given: string[] = [];
    for (const [seq, waited] of [0, 60_000].entries())
      make(outstanding, seq, waited, (reply) => given.push(reply.ok ? "ok" : `${seq}: ${reply.error.code}`));
    outstanding.giveUp();
    expect(given).toEqual(["1: busy"]);
  });

  test("is not begun by an owner that hears of it after it was given up", () => {
    const outstanding = new OutstandingCalls();
    outstanding.heard = -Infinity;
    const patience: number[] = [];
    const dispatcher = new Dispatcher("page", outstanding, ({ deadline }) => patience.push(deadline - Date.now()));
    dispatcher.aimAt(ownership);
    dispatcher.send([make(outstanding, 1, 0), make(outstanding, 2, 40_000)]);
    // The owner has said something since: now they wait from then on.
    outstanding.heard = performance.now();
    dispatcher.sendAgain(1, 1);
    expect(patience[0]).toBeLessThanOrEqual(20_001);
    expect(patience[1]).toBeGreaterThan(20_001);
  });
});

describe("calls that were late", () => {
  const posted: string[] = [];
  const outstanding = new OutstandingCalls();
  const dispatcher = new Dispatcher("page", outstanding, ({ turn, batch }) => {
    posted.push(`${turn}: ${batch.requests.map(({ seq }) => seq).join(" ")}`);
  });
  dispatcher.aimAt(ownership);

  const make = (seq: number): Outstanding => {
    const request: Request<"tokens"> = {
      seq,
      name: "tokens",
      args: { session },
      terms: { full: false, busyTimeout: 1 },
    };
    return outstanding.add(request, () => {});
  };
  const settle = (...seqs: readonly number[]) => {
    for (const seq of seqs) outstanding.settle(seq, { ok: true, value: null });
  };

  afterEach(() => {
    settle(...outstanding.all().map(({ request }) => request.seq));
    posted.length = 0;
  });

  test("are sent again in the order in which they were sent, also one that has an older number", () => {
    for (const seq of [10, 5, 11]) dispatcher.send([make(seq)]);
    for (const message of [1, 2, 3]) dispatcher.sendAgain(message, 1);
    expect(posted).toEqual(["0: 10", "0: 5", "0: 11", "1: 10 5 11"]);
  });

  test("are sent again behind what follows them, where they were asked for anew behind that", () => {
    const [first, second] = [make(20), make(21)];
    for (const call of [first, second, first]) dispatcher.send([call]);
    for (const message of [6, 7]) dispatcher.sendAgain(message, 2);
    expect(posted.at(-1)).toBe("2: 21 20");
  });

  test("are sent again though those before them were given up, and are made again behind them", () => {
    for (const seq of [30, 31]) dispatcher.send([make(seq)]);
    settle(30);
    for (const seq of [32, 30]) dispatcher.send([make(seq)]);
    for (const message of [9, 10, 11, 12]) dispatcher.sendAgain(message, 3);
    expect(posted.slice(4)).toEqual(["3: 31 32 30"]);
  });

  test("say that an owner may have carried them out", () => {
    const repeated: unknown[] = [];
    const other = new Dispatcher("page", outstanding, ({ batch }) => {
      repeated.push(batch.requests.map(({ isRepeated }) => isRepeated ?? false));
    });
    make(50);
    other.aimAt(ownership);
    make(51);
    other.aimAt({ ...ownership, owner: "next" });
    expect(repeated).toEqual([[false], [true, false]]);
  });

  test("are sent again from there on where what was before them has been begun", () => {
    for (const seq of [40, 41, 42]) dispatcher.send([make(seq)]);
    dispatcher.sendAgain(15, 4);
    expect(posted.slice(3)).toEqual(["4: 41 42"]);
  });
});

test("a worker hears what is answered to itself, and not what was answered to the one before it", async () => {
  const path = crypto.randomUUID();
  const toPage = clientChannel(path, "page");
  const owner = ownerChannel(path);
  const heard: ClientMessage[] = [];
  let onWorking = () => {};
  const working = new Promise<void>((resolve) => (onWorking = resolve));
  const onMessage = (message: ClientMessage) => {
    heard.push(message);
    if (message.type === "working") onWorking();
  };
  const channels = new TabChannels(
    path,
    "page",
    onMessage,
    () => {},
    () => {},
  );
  const asked = new Promise<{ readonly worker: string }>((resolve) => {
    owner.addEventListener("message", ({ data }: MessageEvent) => resolve(data));
  });
  const batch = { client: "page", unanswered: [], requests: [] };
  channels.run({ type: "run", ownership, batch, number: 1, deadline: 0, turn: 0 });
  const { worker } = await asked;
  for (const each of ["another", worker]) {
    toPage.postMessage({ type: "replies", ownership, worker: each, replies: [[1, { ok: true, value: each }]] });
    toPage.postMessage({ type: "part", ownership, worker: each, seq: 1, part: each });
    toPage.postMessage({ type: "late", ownership, worker: each, number: 1, turn: 1 });
  }
  toPage.postMessage({ type: "working", ownership });
  await working;
  expect(heard.map(({ type }) => type)).toEqual(["replies", "part", "late", "working"]);
  expect(heard.slice(0, 3)).toMatchObject([{ worker }, { worker }, { worker }]);
  channels.close();
  for (const channel of [toPage, owner]) channel.close();
});
