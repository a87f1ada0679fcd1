import { wrap } from "comlink";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  clientChannel,
  type ClientMessage,
  type Commit,
  type Line,
  ownerChannel,
  type OwnerMessage,
  type ToBroker,
} from "../../worker/channels.js";
import type { OwnerRequest } from "../../worker/requests.js";
import type { WireContent } from "../../src/operations.js";
import type { LineApi, Reply, Request, Success } from "../../src/protocol.js";
import { Executor } from "../../worker/owner/executor.js";
import { prepareSchema } from "../../worker/operations/schema.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import type { Owner } from "../../worker/owner/owner.js";
import { indexTables } from "../../worker/search/index-sql.js";
import { CAPACITY } from "../../worker/storage/pool-storage.js";
import type { Storage } from "../../worker/storage/storage.js";
import { MemoryHandle } from "../../worker/vfs/memory-handle.js";
import { PoolFile } from "../../worker/vfs/pool-file.js";
import { runsIn } from "../fixtures/opfs-files.js";
import { ownerOf } from "../fixtures/owner.js";

const session = { dbName: "axio_context", project: "p", sessionId: "s" };

let path: string;
let storage: Storage;
let owner: Owner;
let toOwner: BroadcastChannel;
let broker: Broker;

beforeEach(async () => {
  path = crypto.randomUUID();
  storage = await openMemoryStorage();
  broker = new Broker();
  owner = ownerOf(storage, { findBroker: () => broker.find() });
  owner.serve(path);
  toOwner = ownerChannel(path);
});

afterEach(() => {
  owner.stop();
  toOwner.close();
});

/** In place of the browser's: it gives owners a port, and hears who they are. */
class Broker {
  readonly #ports: MessagePort[] = [];

  find(): Promise<MessagePort> {
    const { port1, port2 } = new MessageChannel();
    this.#ports.push(port2);
    return Promise.resolve(port1);
  }

  async asked(): Promise<{ owner: string; port: MessagePort }> {
    while (this.#ports.length === 0) await new Promise((resolve) => setTimeout(resolve));
    const port = this.#ports.shift()!;
    const { data } = await new Promise<MessageEvent<ToBroker>>((resolve) => {
      port.addEventListener("message", resolve, { once: true });
      port.start();
    });
    return { owner: data.owner, port };
  }
}

interface When {
  readonly isLate?: boolean;
  readonly turn?: number;
}

/** A tab whose owner this is. */
function tab(client: string) {
  const channel = clientChannel(path, client);
  const heard: ClientMessage[] = [];
  const waiting: (() => void)[] = [];
  const hear = ({ data }: MessageEvent<ClientMessage>) => {
    heard.push(data);
    for (const resolve of waiting.splice(0)) resolve();
  };
  channel.addEventListener("message", hear);
  const nextHeard = () => new Promise<void>((resolve) => waiting.push(resolve));
  function ask(request: OwnerRequest, { isLate = false, turn = 0 }: When = {}): void {
    const { seq } = request;
    const unanswered = Array.from({ length: seq }, (_, place) => place + 1);
    const batch = { client, unanswered, requests: [request] };
    const deadline = Date.now() + (isLate ? -1 : 5000);
    const message: OwnerMessage = {
      type: "run",
      ownership: owner.ownership,
      worker: "w",
      batch,
      number: seq,
      deadline,
      turn,
    };
    toOwner.postMessage(message);
  }
  return {
    ask,
    /** Offers the owner a line, as the broker would bring it. Resolves to this tab's end once the owner has the other. */
    async offerLine(): Promise<MessagePort> {
      toOwner.postMessage({ type: "offered", client } satisfies OwnerMessage);
      const { owner: name, port } = await broker.asked();
      expect(name).toBe(owner.ownership.owner);
      const { port1: line, port2 } = new MessageChannel();
      port.postMessage({ client, id: "1" } satisfies Line, [port2]);
      await nextHeard();
      expect(heard.splice(0)).toEqual([{ type: "line", ownership: owner.ownership, client, id: "1" }]);
      return line;
    },
    /** Appends one message, of which its number is the text. */
    append(seq: number, when?: Parameters<typeof ask>[1]): void {
      const messages = [{ uid: `${client}-${seq}`, role: "user" as const, content: `plain:"${client}${seq}"` }];
      const args = { session, messages };
      const request: OwnerRequest<"append"> = { seq, name: "append", args, terms: { full: false, busyTimeout: 5000 } };
      ask(request, when);
    },
    /** Resolves to what the owner has said once those are so many messages. */
    async hears(count: number): Promise<ClientMessage[]> {
      while (heard.length < count) await nextHeard();
      return heard;
    },
    leave: () => channel.close(),
  };
}

function texts(): string[] {
  const rows = storage.database.rows("SELECT content FROM axio_context_messages ORDER BY position");
  return rows.map(([content]) => String(content).slice(7, -1));
}

describe("calls that came after their deadline", () => {
  test("are not carried out, and neither is what the same page sent behind them, until they come again", async () => {
    const f = tab("f");
    f.append(1);
    f.append(2, { isLate: true });
    f.append(3);
    expect(await f.hears(3)).toMatchObject([
      { type: "replies" },
      { type: "late", number: 2, turn: 1 },
      { type: "late", number: 3, turn: 1 },
    ]);
    f.append(2, { turn: 1 });
    f.append(3, { turn: 1 });
    expect((await f.hears(5)).slice(3)).toMatchObject([{ type: "replies" }, { type: "replies" }]);
    expect(texts()).toEqual(["f1", "f2", "f3"]);
    f.leave();
  });

  test("do not keep other pages waiting, nor a page that comes from another owner", async () => {
    const [f, g] = [tab("f"), tab("g")];
    f.append(1, { isLate: true });
    await f.hears(1);
    g.append(1, { turn: 7 });
    expect(await g.hears(1)).toMatchObject([{ type: "replies" }]);
    g.append(2, { turn: 7, isLate: true });
    expect((await g.hears(2))[1]).toMatchObject({ type: "late", turn: 8 });
    expect(texts()).toEqual(["g1"]);
    for (const page of [f, g]) page.leave();
  });
});

describe("a line", () => {
  const terms = { full: false, busyTimeout: 5000 };

  /** What a page asks for through its line. */
  function through(port: MessagePort) {
    const { run } = wrap<LineApi>(port);
    onTestFinished(() => port.close());
    return async (request: Request, deadline = Date.now() + 5000) => {
      const { replies, commit } = await run([request], [request.seq], deadline);
      expect(replies).toHaveLength(1);
      return { reply: replies[0]!, commit };
    };
  }

  function append(seq: number, text = `f${seq}`): Request<"append"> {
    const message = { uid: `f-${seq}`, role: "user", content: [{ type: "text", text }] } as const;
    return { seq, name: "append", args: { session, messages: [message] }, terms };
  }

  async function turns(): Promise<void> {
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve));
  }

  function uids(): unknown[] {
    return storage.database.rows("SELECT uid FROM axio_context_messages ORDER BY position").map(([uid]) => uid);
  }

  test("brings calls, and their answers with the number of the last commit", async () => {
    const f = tab("f");
    const ask = through(await f.offerLine());
    const [first, second] = await Promise.all([ask(append(1)), ask(append(2))]);
    expect([first.reply, second.reply]).toMatchObject([{ value: [{ uid: "f-1" }] }, { value: [{ uid: "f-2" }] }]);
    expect(second.commit).toBe(first.commit + 1);
    expect(uids()).toEqual(["f-1", "f-2"]);
    f.leave();
  });

  test("tells a tab that it is a follower, as the channels do", async () => {
    const f = tab("f");
    const ask = through(await f.offerLine());
    const status: Request<"fileStatus"> = { seq: 1, name: "fileStatus", args: {}, terms };
    expect(await ask(status)).toMatchObject({ reply: { value: { role: "follower" } } });
    f.ask({ seq: 2, name: "fileStatus", args: {}, terms });
    expect(await f.hears(1)).toMatchObject([{ replies: [[2, { value: { role: "follower" } }]] }]);
    f.leave();
  });

  test("takes of a message that is being written what is new", async () => {
    const f = tab("f");
    const ask = through(await f.offerLine());
    const message = { uid: "u", role: "assistant", content: [], status: "partial" } as const;
    const begun = await ask({ seq: 1, name: "append", args: { session, messages: [message] }, terms });
    const [{ id }] = (begun.reply as Success<[{ id: number }]>).value;
    for (const [place, text] of ["one", "one two", "other two"].entries()) {
      const content = [{ type: "text", text }] as const;
      const checkpoint: Request<"checkpoint"> = {
        seq: place + 2,
        name: "checkpoint",
        args: { session, id, content },
        terms,
      };
      expect(await ask(checkpoint)).toMatchObject({ reply: { ok: true } });
    }
    const { reply } = await ask({ seq: 5, name: "messages", args: { session, range: {} }, terms });
    expect(JSON.stringify(reply)).toContain("other two");
    f.leave();
  });

  test("refuses what cannot be stored, and carries out what came with it", async () => {
    const f = tab("f");
    const { run } = wrap<LineApi>(await f.offerLine());
    const endless: Record<string, unknown> = { type: "text", text: "" };
    endless["itself"] = endless;
    const bad = append(1);
    const unreadable = { ...bad.args.messages[0]!, content: [endless] as unknown as WireContent };
    const refused = { ...bad, args: { session, messages: [unreadable] } };
    const { replies } = await run([refused, append(2)], [1, 2], Date.now() + 5000);
    expect(replies).toMatchObject([{ ok: false }, { ok: true }]);
    expect(uids()).toEqual(["f-2"]);
    f.leave();
  });

  test("that was given up brings nothing after that", async () => {
    const f = tab("f");
    const ask = through(await f.offerLine());
    await ask(append(1));
    f.append(2);
    await f.hears(1);
    void ask(append(3));
    await turns();
    f.append(4);
    await f.hears(2);
    expect(uids()).toEqual(["f-1", "f-2", "f-4"]);
    f.leave();
  });

  test("is not given up by what was said over the channels before it was used", async () => {
    const f = tab("f");
    const ask = through(await f.offerLine());
    f.append(1);
    await f.hears(1);
    expect(await ask(append(2))).toMatchObject({ reply: { ok: true } });
    f.leave();
  });

  test("goes on while the channels bring what takes its time", async () => {
    const f = tab("f");
    const ask = through(await f.offerLine());
    await ask(append(1));
    f.ask({ seq: 2, name: "searchStatus", args: {}, terms });
    await f.hears(1);
    expect(await ask(append(3))).toMatchObject({ reply: { ok: true } });
    f.leave();
  });

  test("that brought something late brings nothing any more", async () => {
    const f = tab("f");
    const ask = through(await f.offerLine());
    void ask(append(1), Date.now() - 1);
    void ask(append(2));
    await turns();
    expect(uids()).toEqual([]);
    f.append(1);
    f.append(2);
    await f.hears(2);
    expect(uids()).toEqual(["f-1", "f-2"]);
    f.leave();
  });

  test("that was replaced by another is not listened to", async () => {
    const f = tab("f");
    const [older, newer] = [through(await f.offerLine()), through(await f.offerLine())];
    void older(append(1));
    await newer(append(2));
    await turns();
    expect(uids()).toEqual(["f-2"]);
    f.leave();
  });
});

test("a long call that fails because the site's data was deleted says so", async () => {
  const gone = () => Promise.reject(new DOMException("It is not there.", "NotFoundError"));
  let isThere = true;
  const cleared = { ...(await openMemoryStorage()), exists: () => Promise.resolve(isThere), removeExports: gone };
  const other = ownerOf(cleared);
  onTestFinished(() => other.stop());
  const terms = { full: false, busyTimeout: 5000 };
  const ask = (request: OwnerRequest) =>
    other.carryOut({ client: "page", unanswered: [request.seq], requests: [request] }, () => {});
  const messages = [{ uid: "u", role: "user", content: "plain:[]" }];
  await ask({ seq: 1, name: "append", args: { session, messages }, terms });
  await ask({ seq: 2, name: "deleteSession", args: { session, deletionId: "d" }, terms });
  const replies = ask({ seq: 3, name: "purgeDeleted", args: { dbName: "axio_context" }, terms });
  isThere = false;
  expect(await replies).toMatchObject([{ ok: false, error: { code: "storage-cleared" } }]);
});

test("a purge that finds nothing leaves files and index as they are", async () => {
  const removeExports = vi.fn<() => Promise<void>>(() => Promise.resolve());
  Object.assign(storage, { removeExports });
  const run = vi.spyOn(storage.database, "exec");
  const f = tab("f");
  f.append(1);
  f.ask({
    seq: 2,
    name: "purgeDeleted",
    args: { dbName: "axio_context" },
    terms: { full: false, busyTimeout: 5000 },
  });
  expect((await f.hears(2))[1]).toMatchObject({ replies: [[2, { ok: true, value: 0 }]] });
  expect(removeExports).not.toHaveBeenCalled();
  expect(run.mock.calls.flat()).not.toContain("VACUUM");
  f.leave();
});

test("a defect is told to whoever waits for an answer, also behind a look for the files", async () => {
  const walBytes = () => {
    throw new Error("defect");
  };
  Object.assign(storage, { walBytes });
  const terms = { full: false, busyTimeout: 5000 };
  const ask = (seq: number) => {
    const request: OwnerRequest<"tokens"> = { seq, name: "tokens", args: { session }, terms };
    return owner.carryOut({ client: "page", unanswered: [seq], requests: [request] }, () => {});
  };
  for (const replies of [ask(1), ask(2)])
    expect(await replies).toMatchObject([{ ok: false, error: { code: "worker-failed" } }]);
});

test("more pages than an owner remembers get their answers, and a call that is sent again is answered, not repeated", async () => {
  const pages = Array.from({ length: 105 }, (_, place) => tab(`page-${place}-`));
  for (const page of pages) page.append(1);
  for (const page of pages) await page.hears(1);
  pages[0]!.append(1);
  const [first, again] = await pages[0]!.hears(2);
  expect(again).toEqual({ ...first, commit: expect.any(Number) });
  expect(texts()).toHaveLength(pages.length);
  for (const page of pages) page.leave();
});

test("a tab that waits for a short time only hears within it that something long goes on", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    let end!: () => void;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const begun = new Promise<void>((resolve) => {
      Object.assign(storage, { removeExports: () => (resolve(), ended) });
    });
    const f = tab("f");
    const terms = { full: false, busyTimeout: 50 };
    f.append(1);
    f.ask({ seq: 2, name: "deleteSession", args: { session, deletionId: "d" }, terms });
    await f.hears(2);
    f.ask({ seq: 3, name: "purgeDeleted", args: { dbName: "axio_context" }, terms });
    await begun;
    vi.advanceTimersByTime(terms.busyTimeout);
    end();
    expect((await f.hears(3))[2]).toMatchObject({ type: "working" });
    f.leave();
  } finally {
    vi.useRealTimers();
  }
});

test("a purge that a death interrupted is finished by the next owner, in the index too", async () => {
  const handles = Array.from({ length: CAPACITY }, () => new MemoryHandle());
  const files = handles.map((handle, place) => new PoolFile(handle, `number ${place}`));
  const opened = await openMemoryStorage(files);
  let begun: () => void;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  // What comes after the purge's transaction, and never to its end.
  const removeExports = (onlyOld?: boolean) => new Promise<void>(() => onlyOld || begun());
  const first = ownerOf({ ...opened, removeExports });
  const call = (seq: number, name: OwnerRequest["name"], args: object) => {
    const request = { seq, name, args, terms: { full: false, busyTimeout: 5000 } } as OwnerRequest;
    return first.carryOut({ client: "page", unanswered: [seq], requests: [request] }, () => {});
  };
  const content = `plain:[{"type":"text","text":"wiretapped xylophone"}]`;
  await call(1, "append", { session, messages: [{ uid: "1", role: "user", content, preview: "" }] });
  await call(2, "search", { dbName: "axio_context", query: "xylophone", limit: 5 });
  await call(3, "deleteSession", { session, deletionId: "d" });
  const traces = () => {
    const bytes = handles.map((handle, place): [string, Uint8Array] => {
      const whole = new Uint8Array(handle.getSize());
      handle.read(whole, { at: 0 });
      return [`number ${place}`, whole];
    });
    return runsIn(new Map(bytes), [new TextEncoder().encode("xylophone")]).length;
  };
  expect(traces()).toBeGreaterThan(2);
  void call(4, "purgeDeleted", { dbName: "axio_context" });
  await hasBegun;
  first.stop();
  opened.release();
  expect(traces()).toBeGreaterThan(0);

  const next = await openMemoryStorage(files);
  ownerOf(next).stop();
  next.release();
  expect(traces()).toBe(0);
});

test("what a search has not found is looked for again once the index was made anew", async () => {
  let seq = 0;
  const call = async (name: OwnerRequest["name"], args: object) => {
    const request = { seq: ++seq, name, args, terms } as OwnerRequest;
    const [reply] = await owner.carryOut({ client: "page", unanswered: [seq], requests: [request] }, () => {});
    return reply as { value: unknown; version?: string };
  };
  const content = `plain:[{"type":"text","text":"xylophone"}]`;
  await call("append", { session, messages: [{ uid: "1", role: "user", content, preview: "xylophone" }] });
  const search = { dbName: "axio_context", query: "xylophone", limit: 5 };
  expect(JSON.parse((await call("search", search)).value as string)).toHaveLength(1);
  storage.openIndex().run(indexTables("axio_context").remove, 1);
  const { value, version } = await call("search", search);
  expect(value).toBe("[]");
  expect((await call("check", {})).value).toMatchObject({ problems: [{ kind: "index", repairable: true }] });
  await call("rebuildIndex", {});
  expect(JSON.parse((await call("search", { ...search, seen: version })).value as string)).toHaveLength(1);
});

const terms = { full: false, busyTimeout: 5000 };

const messages = Array.from({ length: 500 }, (_, number) => {
  return { uid: `${number}`, role: "user", content: `plain:[{"type":"text","text":"${number}"}]`, preview: "" };
});

async function fileOf(sessions: number): Promise<Blob> {
  const other = await openMemoryStorage();
  prepareSchema(other);
  const executor = new Executor(other);
  for (let seq = 1; seq <= sessions; seq++) {
    const args = { session: { ...session, sessionId: `session ${seq}` }, messages };
    executor.execute({ client: "f", unanswered: [seq], requests: [{ seq, name: "append", args, terms }] });
  }
  return new Blob([other.exportFile()]);
}

function turn(): Promise<unknown> {
  return new Promise((resolve) => setTimeout(resolve));
}

describe("an import that is aborted", () => {
  const count = () => Number(storage.database.value("SELECT count(*) FROM axio_context_messages"));
  let seq = 0;
  function call(name: OwnerRequest["name"], args: object): Promise<readonly Reply[]> {
    const request = { seq: ++seq, name, args, terms } as OwnerRequest;
    return Promise.resolve(owner.carryOut({ client: "f", unanswered: [seq], requests: [request] }, () => {}));
  }

  test("a second time while it is taken back leaves nothing of it", async () => {
    const importing = call("import", { file: await fileOf(20), mode: "merge", importId: "i" });
    while (count() < 2000) await turn();
    void call("abortImport", { importId: "i" });
    for (const most = count(); count() >= most;) await turn();
    await call("abortImport", { importId: "i" });
    expect(await importing).toMatchObject([{ ok: false, error: { code: "aborted", outcome: "not-applied" } }]);
    expect(count()).toBe(0);
    expect(await call("sessions", { dbName: "axio_context", project: "p" })).toMatchObject([{ value: "[]" }]);
  });

  test("is answered before its abort is: until then the next owner would be told of both", async () => {
    const ended: string[] = [];
    const noted = (name: string, args: object) => call(name as "import", args).then(() => ended.push(name));
    const importing = noted("import", { file: await fileOf(20), mode: "merge", importId: "i" });
    while (count() < 2000) await turn();
    await Promise.all([importing, noted("abortImport", { importId: "i" })]);
    expect(ended).toEqual(["import", "abortImport"]);
  });

  test("and cannot be taken back for lack of room is taken back once there is some, before another one", async () => {
    const importing = call("import", { file: await fileOf(20), mode: "merge", importId: "j" });
    while (count() < 2000) await turn();
    const args = { session: { ...session, sessionId: "session 1" }, messages: [{ ...messages[0]!, uid: "own" }] };
    const [written] = await call("append", args);
    storage.database.run("PRAGMA query_only=ON");
    expect(await importing).toMatchObject([{ ok: false }]);
    expect(count()).toBeGreaterThan(0);
    // What was committed meanwhile is known, though nothing new can be.
    const repeated = { seq, name: "append", args, terms, isRepeated: true } as OwnerRequest;
    expect(await owner.carryOut({ client: "f", unanswered: [seq], requests: [repeated] }, () => {})).toEqual([written]);
    const next = { seq: seq + 1, name: "append", args, terms } as OwnerRequest;
    expect(
      await owner.carryOut({ client: "f", unanswered: [seq, seq + 1], requests: [repeated, next] }, () => {}),
    ).toMatchObject([written, { ok: false, error: { outcome: "not-applied" } }]);
    seq++;
    storage.database.run("PRAGMA query_only=OFF");
    expect(await call("sessions", { dbName: "axio_context", project: "p" })).toMatchObject([
      { value: expect.stringMatching(/^\[\["session 1",1,[^[]*\]\]$/) as string },
    ]);
    expect(await call("import", { file: await fileOf(1), mode: "merge", importId: "k" })).toMatchObject([
      { ok: true, value: { sessionsExtended: 1, messagesAdded: 499 } },
    ]);
    expect(count()).toBe(500);
    expect(storage.database.value("SELECT count(*) FROM axio_opfs_imported")).toBe(0);
  });
});

test("an import that is taken back as soon as there is room is announced", async () => {
  const kinds: string[] = [];
  const committed = ({ changes }: Commit) => kinds.push(...changes.map(({ kind }) => kind));
  const full = await openMemoryStorage();
  const other = ownerOf(full, { committed });
  const args = { file: await fileOf(20), mode: "merge", importId: "i" } as const;
  const request: OwnerRequest<"import"> = { seq: 1, name: "import", args, terms };
  const importing = other.carryOut({ client: "f", unanswered: [1], requests: [request] }, () => {});
  const count = () => Number(full.database.value("SELECT count(*) FROM axio_context_messages"));
  while (count() < 2000) await turn();
  const remove = vi.spyOn(full, "removeLeftovers").mockImplementation(function* () {
    remove.mockRestore();
    yield* full.removeLeftovers();
    full.database.run("PRAGMA query_only=OFF");
  });
  full.database.run("PRAGMA query_only=ON");
  expect(await importing).toMatchObject([{ ok: false }]);
  while (count() > 0) await turn();
  await turn();
  expect(kinds).toEqual(["import"]);
  other.stop();
});

test("what a search found is of a version, unless somebody wrote meanwhile, and is not sought again in the same one", async () => {
  const run = (seq: number, seen?: string) => {
    const args = { dbName: "axio_context", query: "needle", limit: 50, seen };
    const request: OwnerRequest<"search"> = { seq, name: "search", args, terms: { full: false, busyTimeout: 5000 } };
    return owner.carryOut({ client: "page", unanswered: [seq], requests: [request] }, () => {});
  };
  const page = tab("f");
  page.append(1);
  await page.hears(1);
  const { openIndex } = storage;
  vi.spyOn(storage, "openIndex").mockImplementationOnce(() => {
    storage.database.run("UPDATE axio_context_messages SET role = 'assistant'");
    return openIndex();
  });
  expect(await run(1)).toEqual([{ ok: true, value: "[]" }]);

  const [found] = (await run(2)) as readonly (Reply & { version?: string })[];
  const version = found!.version!;
  expect(version).toContain(storage.database.version);
  expect(await run(3, version)).toEqual([{ ok: true, value: null, version }]);
  page.append(2);
  await page.hears(2);
  expect(await run(4, version)).toMatchObject([{ ok: true, value: "[]" }]);
  page.leave();
});

describe("an owner that has not seen its files for long", () => {
  const terms = { full: false, busyTimeout: 5000 };

  /** It looks for them with its next call; `sees` tells it whether they are there. */
  function forgetful() {
    let sees!: (areThere: boolean) => void;
    const exists = () => new Promise<boolean>((resolve) => (sees = resolve));
    const other = ownerOf({ ...storage, exists });
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 10_000);
    return { other, sees: (areThere: boolean) => sees(areThere) };
  }

  afterEach(() => vi.restoreAllMocks());

  function run(by: Owner, request: OwnerRequest) {
    return by.carryOut({ client: "page", unanswered: [request.seq], requests: [request] }, () => {});
  }

  const read = (by: Owner, seq: number) => run(by, { seq, name: "messages", args: { session, range: {} }, terms });

  function write(by: Owner, seq: number) {
    const messages = [{ uid: `uid-${seq}`, role: "user" as const, content: `plain:"${seq}"` }];
    return run(by, { seq, name: "append", args: { session, messages }, terms });
  }

  test("reads while it looks, and carries out what comes behind that in order", async () => {
    const { other, sees } = forgetful();
    const first = read(other, 1);
    vi.restoreAllMocks();
    await write(owner, 2);
    const [written, second] = [write(other, 3), read(other, 4)];
    expect(texts()).toEqual(["2"]);
    sees(true);
    expect(await first).toMatchObject([{ ok: true, value: [] }]);
    expect(await written).toMatchObject([{ ok: true }]);
    expect(await second).toMatchObject([{ ok: true, value: [{ content: 'plain:"2"' }, { content: 'plain:"3"' }] }]);
    other.stop();
  });

  test("writes while it looks, and says so once it has seen them", async () => {
    const { other, sees } = forgetful();
    const answered = vi.fn<(replies: unknown) => void>();
    const first = Promise.resolve(write(other, 1)).then(answered);
    expect(texts()).toEqual(["1"]);
    await Promise.resolve();
    expect(answered).not.toHaveBeenCalled();
    sees(true);
    await first;
    expect(answered).toHaveBeenCalledWith([expect.objectContaining({ ok: true })]);
    other.stop();
  });

  test("acknowledges no write into files that are gone", async () => {
    const { other, sees } = forgetful();
    const [first, second] = [write(other, 1), write(other, 2)];
    sees(false);
    for (const replies of [await first, await second])
      expect(replies).toMatchObject([{ ok: false, error: { code: "storage-cleared", outcome: "not-applied" } }]);
    other.stop();
  });

  test("answers no read from files that are gone", async () => {
    const { other, sees } = forgetful();
    const first = read(other, 1);
    sees(false);
    expect(await first).toMatchObject([{ ok: false, error: { code: "storage-cleared" } }]);
    other.stop();
  });
});
