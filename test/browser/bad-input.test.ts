import { beforeAll, describe, expect, test } from "vitest";
import {
  connect,
  compactHistory,
  type Connection,
  isContextStoreError,
  type Message,
  SQLiteContextStore,
} from "../../src/index.js";
import { freshPath, sharedDatabase } from "../fixtures/databases.js";
import { assistant, user } from "../fixtures/messages.js";

// Whatever a caller hands in: an error of this package with a sentence, and nothing has changed.

const cyclic: Record<string, unknown> = {};
cyclic["self"] = cyclic;

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

function throwing(): object {
  const fail = () => {
    throw new Error("the caller's own");
  };
  return new Proxy({}, { get: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail });
}

const NO_NUMBERS = [
  null,
  -1,
  0.5,
  Number.NaN,
  Infinity,
  2 ** 53,
  "1",
  1n,
  {},
  [],
  () => 1,
  Symbol("1"),
  Object.create(null),
];
const NO_NAMES = [
  null,
  "",
  "x".repeat(513),
  "\ud800",
  "\udc00x",
  "a\0b",
  5,
  {},
  [],
  () => "a",
  Symbol("a"),
  Object.create(null),
];
class Options {
  get limit(): number {
    return 1;
  }
}
const NO_OPTIONS = [
  null,
  5,
  "text",
  true,
  Symbol("o"),
  [],
  [new Date(0)],
  new Date(0),
  new Map(),
  AbortSignal.timeout(60_000),
  new Options(),
  Object.create({ limit: 1 }),
  throwing(),
];
const NO_OBJECTS = [null, undefined, 5, "text", true, Symbol("o"), () => {}, []];

const image = (data: unknown) => ({ type: "image", media_type: "image/png", data });
const call = (input: unknown) => ({ type: "tool_use", id: "c", name: "n", input });
const NO_BLOCKS = [
  ...NO_OBJECTS,
  throwing(),
  {},
  { type: "text" },
  { type: "text", text: null },
  { type: "html", text: "" },
  { type: throwing(), text: "" },
  image(detached()),
  image("QUJD"),
  image([1, 2]),
  image(new ArrayBuffer(2)),
  image(new Uint16Array(2)),
  { ...image(new Uint8Array(1)), media_type: "image/svg+xml" },
  { ...call({}), id: 5 },
  ...[null, "{}", [], cyclic, { a: Number.NaN }, { a: undefined }, { a: () => 1 }, { a: new Date() }, { a: 1n }].map(
    call,
  ),
  call(throwing()),
  { type: "tool_result", tool_use_id: "c", content: "x" },
  { type: "tool_result", tool_use_id: "c", content: null, is_error: false },
  { type: "tool_result", tool_use_id: "c", content: [call({})], is_error: false },
  { type: "tool_result", tool_use_id: "c", content: [image(detached())], is_error: false },
];
const NO_CONTENTS = [null, undefined, "text", {}, new Set(), ...NO_BLOCKS.map((block) => [block])];
const NO_MESSAGES = [
  ...NO_OBJECTS,
  throwing(),
  ...["tool", "", "User", null, 5, {}, throwing()].map((role) => ({ role, content: [] })),
  ...NO_CONTENTS.map((content) => ({ role: "user", content })),
];
const NO_METADATA = [null, "{}", 5, [], cyclic, { a: Number.NaN }, { a: () => 1 }, { a: new Map() }, throwing()];
const NO_CHOICES = [null, "", "other", 5, {}, Symbol("c")];
const NO_LISTS = [null, undefined, {}, "text", 5, new Set([user("x")]), throwing()];

type Call = (store: SQLiteContextStore, value: never, connection: Connection) => unknown;

const good = user("good");
const CALLS: Readonly<Record<string, readonly [call: Call, values: readonly unknown[]]>> = {
  append: [(store, message) => store.append(message), NO_MESSAGES],
  "append, options": [(store, options) => store.append(good, options), NO_OPTIONS],
  "append, uid": [(store, uid) => store.append(good, { uid }), NO_NAMES],
  "append, metadata": [(store, metadata) => store.append(good, { metadata }), NO_METADATA],
  appendAll: [(store, list) => store.appendAll(list), NO_LISTS],
  "appendAll, the second": [(store, message) => store.appendAll([good, message]), NO_MESSAGES],
  getMessages: [(store, range) => store.getMessages(range), NO_OPTIONS],
  "getMessages, last": [(store, last) => store.getMessages({ last }), NO_NUMBERS],
  "getMessages, before": [(store, before) => store.getMessages({ before }), NO_NUMBERS],
  "getMessages, after": [(store, after) => store.getMessages({ after }), NO_NUMBERS.filter((value) => value !== -1)],
  "getMessages, limit": [(store, limit) => store.getMessages({ limit }), NO_NUMBERS],
  messages: [(store, options) => store.messages(options).next(), NO_OPTIONS],
  "messages, batch": [(store, batch) => store.messages({ batch }).next(), [0, ...NO_NUMBERS]],
  beginMessage: [(store, role) => store.beginMessage(role), ["tool", "", null, undefined, 5, {}, Symbol("r")]],
  "beginMessage, options": [(store, options) => store.beginMessage("user", options), NO_OPTIONS],
  "beginMessage, uid": [(store, uid) => store.beginMessage("user", { uid }), NO_NAMES],
  splice: [(store, start) => store.splice(start, 0, [good]), NO_NUMBERS],
  "splice, deleteCount": [(store, count) => store.splice(0, count, [good]), NO_NUMBERS],
  "splice, messages": [(store, list) => store.splice(0, 1, list), NO_LISTS],
  "splice, a message": [(store, message) => store.splice(0, 1, [message]), NO_MESSAGES],
  "splice, options": [(store, options) => store.splice(0, 1, [good], options), NO_OPTIONS],
  "splice, expectIds": [
    (store, expectIds) => store.splice(0, 1, [], { expectIds }),
    [null, 5, {}, "1", [null], ["1"], [-1]],
  ],
  replaceMessage: [(store, position) => store.replaceMessage(position, good), NO_NUMBERS],
  "replaceMessage, message": [(store, message) => store.replaceMessage(0, message), NO_MESSAGES],
  "replaceMessage, options": [(store, options) => store.replaceMessage(0, good, options), NO_OPTIONS],
  "replaceMessage, expectId": [(store, expectId) => store.replaceMessage(0, good, { expectId }), NO_NUMBERS],
  truncate: [(store, length) => store.truncate(length), NO_NUMBERS],
  "truncate, options": [(store, options) => store.truncate(1, options), NO_OPTIONS],
  "truncate, expectId": [(store, expectId) => store.truncate(1, { expectId }), NO_NUMBERS],
  replaceHistory: [(store, list) => store.replaceHistory(list), NO_LISTS],
  "replaceHistory, options": [(store, options) => store.replaceHistory([], options), NO_OPTIONS],
  "replaceHistory, expectedLength": [
    (store, expectedLength) => store.replaceHistory([], { expectedLength }),
    NO_NUMBERS,
  ],
  fork: [(store, options) => store.fork(options), NO_OPTIONS],
  "fork, upTo": [(store, upTo) => store.fork({ upTo }), NO_NUMBERS],
  "fork, sessionId": [(store, sessionId) => store.fork({ sessionId }), NO_NAMES],
  setContextTokens: [(store, count) => store.setContextTokens(count, 1), [undefined, ...NO_NUMBERS]],
  addContextTokens: [(store, count) => store.addContextTokens(1, count), [undefined, ...NO_NUMBERS]],
  setTitle: [(store, title) => store.setTitle(title), NO_NAMES],
  listSessions: [(store, options) => store.listSessions(options), NO_OPTIONS],
  "listSessions, limit": [(store, limit) => store.listSessions({ limit }), NO_NUMBERS],
  "listSessions, after": [
    (store, after) => store.listSessions({ after }),
    [null, 5, "s", {}, [], throwing(), Symbol("s")],
  ],
  "listSessions, orderBy": [(store, orderBy) => store.listSessions({ orderBy }), [null, "", "title", 5, Symbol("o")]],
  subscribe: [(store, listener) => store.subscribe(listener), [null, undefined, 5, "text", {}]],
  compactHistory: [
    (store, options) => compactHistory(store, options),
    [...NO_OPTIONS, undefined, {}, { summarize: "x" }],
  ],
  "compactHistory, keepRecent": [
    (store, keepRecent) => compactHistory(store, { keepRecent, summarize: () => "summary" }),
    NO_NUMBERS,
  ],
  "compactHistory, signal": [
    (store, signal) => compactHistory(store, { keepRecent: 0, signal, summarize: () => "summary" }),
    [null, 5, "text", {}],
  ],
  "compactHistory, summary": [
    (store, summary) => compactHistory(store, { keepRecent: 0, summarize: () => summary }),
    ["", " ", null, undefined, 5, {}, [null], Symbol("s")],
  ],
  listProjects: [(_, options, connection) => connection.listProjects(options), NO_OPTIONS],
  "listProjects, dbName": [(_, dbName, connection) => connection.listProjects({ dbName }), NO_NAMES],
  listDeletedSessions: [(_, options, connection) => connection.listDeletedSessions(options), NO_OPTIONS],
  restoreSession: [(_, session, connection) => connection.restoreSession(session), [...NO_OBJECTS, {}, throwing()]],
  purgeDeleted: [
    (_, options, connection) => connection.purgeDeleted(options),
    [...NO_OPTIONS, { olderthan: new Date(0) }, { before: new Date(0) }],
  ],
  "purgeDeleted, olderThan": [
    (_, olderThan, connection) => connection.purgeDeleted({ olderThan }),
    [null, 5, "2026", {}, new Date(Number.NaN), Symbol("d")],
  ],
  import: [(_, file, connection) => connection.import(file), [...NO_OBJECTS, new Blob([]), new Blob(["x"])]],
  "import, options": [(_, options, connection) => connection.import(new Blob(["x"]), options), NO_OPTIONS],
  checkIntegrity: [(_, options, connection) => connection.checkIntegrity(options), NO_OPTIONS],
  connect: [(_, options) => connect(freshPath(), options), NO_OPTIONS],
  "connect, path": [(_, path) => connect(path), [...NO_NAMES, ".."]],
  "connect, busyTimeout": [(_, busyTimeout) => connect(freshPath(), { busyTimeout }), [null, "5", -1, Infinity, {}]],
  "connect, synchronous": [(_, synchronous) => connect(freshPath(), { synchronous }), NO_CHOICES],
  "connect, storage": [(_, storage) => connect(freshPath(), { storage }), NO_CHOICES],
  "connect, searchIndex": [(_, searchIndex) => connect(freshPath(), { searchIndex }), NO_CHOICES],
  "connect, worker": [(_, worker) => connect(freshPath(), { worker }), [null, 5, "text", {}]],
  "connect, what worker gives": [
    (_, worker) => connect(freshPath(), { worker: () => worker }),
    [null, 5, {}, Promise.resolve(), new MessageChannel().port1],
  ],
  "connect, signal": [(_, signal) => connect(freshPath(), { signal }), [null, 5, "text", {}]],
  "a store's options": [(_, options, connection) => new SQLiteContextStore(connection, "s", options), NO_OPTIONS],
  "subscribe of a connection, filter": [(_, filter, connection) => connection.subscribe(() => {}, filter), NO_OPTIONS],
  "subscribe of a connection, sessionId": [
    (_, sessionId, connection) => connection.subscribe(() => {}, { sessionId }),
    NO_NAMES,
  ],
  "subscribe of a connection": [(_, listener, connection) => connection.subscribe(listener), [null, undefined, 5, {}]],
};

const SENTENCE = /^[A-Za-z"].{10,}\.$/s;

/** What a call rejects with, or throws. */
async function outcomeOf(perform: () => unknown): Promise<unknown> {
  try {
    await perform();
  } catch (error) {
    return error;
  }
  return "resolved";
}

describe("bad input of", () => {
  const database = sharedDatabase({ storage: "memory" });
  let connection: Connection;
  let store: SQLiteContextStore;

  beforeAll(async () => {
    connection = await database();
    store = new SQLiteContextStore(connection, "s", { project: "p" });
    await store.appendAll([user("question"), assistant("answer"), user("and?")]);
    await store.setContextTokens(3, 4);
    const deleted = new SQLiteContextStore(connection, "deleted", { project: "p" });
    await deleted.append(user("deleted"));
    await deleted.deleteSession();
  });

  async function everything(): Promise<unknown> {
    const messages: readonly Message[] = await store.getMessages();
    const [sessions, deleted] = [await store.listSessions(), await connection.listDeletedSessions()];
    return structuredClone({ messages, sessions, deleted, projects: await connection.listProjects() });
  }

  test.each(Object.entries(CALLS))(
    "%s rejects with a code and a sentence, and changes nothing",
    async (_, [perform, values]) => {
      const before = await everything();
      const wrong: unknown[] = [];
      for (const [place, value] of values.entries()) {
        const error = await outcomeOf(() => perform(store, value as never, connection));
        const isGood = isContextStoreError(error) && error.outcome === "not-applied" && SENTENCE.test(error.message);
        if (!isGood) wrong.push([place, typeof value, String(error)]);
      }
      expect(wrong).toEqual([]);
      expect(await everything()).toEqual(before);
    },
  );
});
