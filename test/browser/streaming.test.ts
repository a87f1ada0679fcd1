import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type ContentBlock,
  type ContextChange,
  type Message,
  type MessageWriter,
  SQLiteContextStore,
} from "../../src/index.js";
import { openDatabase, openStore, sharedDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { assistant, bytes, everyBlock, toDict, user, words } from "../fixtures/messages.js";
import { appendByPython, changeByPython, readByPython } from "../fixtures/python.js";
import { WatchedWorker } from "../fixtures/watched-worker.js";

afterEach(() => vi.restoreAllMocks());

function textOf(words: string): ContentBlock[] {
  return [{ type: "text", text: words }];
}

/** Resolves once the session's last message says this, to whoever reads it. */
async function untilRead(store: SQLiteContextStore, expected: unknown): Promise<void> {
  let wake = () => {};
  const stop = store.subscribe(() => wake());
  for (;;) {
    const changed = new Promise<void>((resolve) => (wake = resolve));
    const [last] = await store.getMessages({ last: 1 });
    if (JSON.stringify(last?.content) === JSON.stringify(expected)) break;
    await changed;
  }
  stop();
}

describe("a streamed message", () => {
  const database = sharedDatabase();

  /** A session with two messages, and a third one begun. */
  async function begin(
    role: "user" | "assistant" = "assistant",
  ): Promise<{ store: SQLiteContextStore; reader: SQLiteContextStore; writer: MessageWriter }> {
    const id = crypto.randomUUID();
    const connection = await database();
    const [store, reader] = [new SQLiteContextStore(connection, id), new SQLiteContextStore(connection, id)];
    await store.appendAll([user("question"), assistant("first answer")]);
    return { store, reader, writer: await store.beginMessage(role, { metadata: { model: "m" } }) };
  }

  async function infoOf(store: SQLiteContextStore) {
    return (await store.listSessions()).find(({ sessionId }) => sessionId === store.sessionId);
  }

  test("is a partial row from its beginning on", async () => {
    const { reader, writer } = await begin();
    const [message] = await reader.getMessages({ last: 1 });
    const { id, uid, position } = writer;
    expect(message).toMatchObject({ id, uid, position, role: "assistant", content: [], status: "partial" });
    expect(message!.metadata).toEqual({ model: "m" });
    expect(position).toBe(2);
    expect(await reader.getHistory()).toHaveLength(3);
    expect(await infoOf(reader)).toMatchObject({ messageCount: 3 });
  });

  test("grows before the eyes of others, and becomes one complete row", async () => {
    const { store, reader, writer } = await begin();
    let text = "";
    for (const piece of ["Twelve ", "times ", "twelve ", "is 144."]) {
      writer.update(textOf((text += piece)));
      await untilRead(reader, textOf(text));
    }
    expect(await reader.getMessages({ last: 1 })).toMatchObject([{ id: writer.id, status: "partial" }]);
    await writer.finish();
    const [message] = await reader.getMessages({ last: 1 });
    expect(message).toMatchObject({ id: writer.id, uid: writer.uid, content: textOf(text), status: "complete" });
    expect(message!.metadata).toEqual({ model: "m" });
    expect(await infoOf(store)).toMatchObject({ messageCount: 3, preview: "question" });
    expect(await store.append(user("next"))).toMatchObject({ position: 3 });
  });

  test("what was said last is read by others without an end, and without a timer of the page", async () => {
    const { reader, writer } = await begin();
    vi.stubGlobal("setTimeout", () => expect.unreachable("timers sleep in hidden pages"));
    vi.stubGlobal("setInterval", () => expect.unreachable("timers sleep in hidden pages"));
    for (let i = 0; i <= 1000; i++) writer.update(textOf(`update ${i}`));
    await untilRead(reader, textOf("update 1000"));
    writer.update(textOf("once more"));
    await untilRead(reader, textOf("once more"));
    vi.unstubAllGlobals();
    await writer.abort();
  });

  test("finishes with the content that it is given, whatever was written before", async () => {
    const { reader, writer } = await begin();
    writer.update(textOf("a long beginning ".repeat(500)));
    await writer.finish(textOf("short"));
    writer.update(textOf("too late"));
    expect(words(await reader.getMessages({ last: 1 }))).toEqual(["short"]);
    const next = await reader.beginMessage("assistant");
    await next.finish();
    expect(await reader.getMessages({ last: 1 })).toMatchObject([{ content: [], status: "complete" }]);
  });

  test("is finished together with what follows it, or not at all, and a second time changes nothing", async () => {
    const { store, reader, writer } = await begin();
    const heard: unknown[] = [];
    const stop = reader.subscribe(({ kind, position }) => heard.push([kind, position]));
    const call: ContentBlock[] = [{ type: "tool_use", id: "1", name: "clock", input: {} }];
    const result: Message = {
      role: "user",
      content: [{ type: "tool_result", tool_use_id: "1", content: "noon", is_error: false }],
    };
    await expect(writer.finish(call, [result, { role: "user" } as Message])).rejects.toMatchObject({
      code: "invalid-message",
    });
    expect(await reader.getMessages({ last: 1 })).toMatchObject([{ id: writer.id, status: "partial" }]);
    await writer.finish(call, [result]);
    await writer.finish(call, [result]);
    expect(await reader.getMessages({ after: 1 })).toMatchObject([
      { id: writer.id, content: call, status: "complete" },
      { ...result, position: 3, status: "complete" },
    ]);
    await expect(writer.finish(textOf("something else"))).rejects.toMatchObject({ code: "not-found" });
    await store.append(user("next"));
    await expect
      .poll(() => heard)
      .toEqual([
        ["replace", 2],
        ["append", 4],
      ]);
    stop();
  });

  test("leaves no row when it is aborted, and the others dense", async () => {
    const { store, reader, writer } = await begin();
    writer.update(textOf("never mind"));
    await store.append(user("behind it"));
    await writer.abort();
    writer.update(textOf("too late"));
    expect(words(await reader.getHistory())).toEqual(["question", "first answer", "behind it"]);
    expect((await reader.getMessages()).map(({ position }) => position)).toEqual([0, 1, 2]);
    expect(await infoOf(store)).toMatchObject({ messageCount: 3 });
  });

  test("that is aborted as the only one leaves no session", async () => {
    const store = new SQLiteContextStore(await database(), crypto.randomUUID());
    const writer = await store.beginMessage("assistant");
    expect(await infoOf(store)).toMatchObject({ messageCount: 1, preview: "(no preview)" });
    await writer.abort();
    expect(await infoOf(store)).toBeUndefined();
    expect(await store.getMessages()).toEqual([]);
  });

  test("of a user gives the session its preview when it is finished", async () => {
    const store = new SQLiteContextStore(await database(), crypto.randomUUID());
    const writer = await store.beginMessage("user");
    writer.update(textOf("dictated"));
    await writer.finish(textOf("dictated words"));
    expect(await infoOf(store)).toMatchObject({ messageCount: 1, preview: "dictated words" });
  });

  test("may hold every kind of block, images too", async () => {
    const { reader, writer } = await begin();
    const content: ContentBlock[] = [];
    for (const block of everyBlock().flatMap((message) => message.content)) {
      content.push(block);
      writer.update([...content]);
    }
    const image = { type: "image", media_type: "image/png", data: bytes(3000) } as const;
    writer.update([...content, image]);
    const written = async () => (await reader.getMessages({ last: 1 }))[0]!.content;
    await expect.poll(written).toStrictEqual([...content, image]);
    await writer.finish();
    expect(await written()).toStrictEqual([...content, image]);
  });

  test("grows by half a surrogate pair, and shrinks, without harm", async () => {
    const { reader, writer } = await begin();
    const steps = ["a\ud83d", "a😀", "a😀\ud83d", "a😀😁", "a😀", "漢", "", "a\u0000\ud83d"];
    for (const step of steps) {
      writer.update(textOf(step));
      await untilRead(reader, textOf(step));
    }
    await writer.finish();
    expect(words(await reader.getMessages({ last: 1 }))).toEqual([steps.at(-1)]);
  });

  test("is not found once another store has removed it, and says so to nobody but who asks", async () => {
    const removals: ((other: SQLiteContextStore) => Promise<void>)[] = [
      (other) => other.truncate(2),
      (other) => other.clear(),
      (other) => other.replaceMessage(2, user("instead")),
    ];
    for (const remove of removals) {
      const { store, reader, writer } = await begin();
      writer.update(textOf("written"));
      await remove(reader);
      const before = await store.getMessages();
      writer.update(textOf("written into nothing"));
      const error = await rejection(writer.finish(), "not-found");
      expect(error.outcome).toBe("not-applied");
      await rejection(writer.abort(), "not-found");
      expect(await store.getMessages()).toStrictEqual(before);
    }
  });

  test("that is finished or aborted is not found a second time", async () => {
    const { store, writer } = await begin();
    await writer.finish(textOf("once"));
    await rejection(writer.finish(textOf("twice")), "not-found");
    await rejection(writer.abort(), "not-found");
    // What comes too late is not heard: `finish()` of what was finished changes nothing.
    const late = await store.beginMessage("assistant");
    await late.finish(textOf("in time"));
    late.update(textOf("too late"));
    await late.finish();
    expect(words(await store.getMessages({ last: 1 }))).toEqual(["in time"]);
    await store.truncate(3);
    expect(words(await store.getMessages({ last: 1 }))).toEqual(["once"]);
    const next = await store.beginMessage("assistant");
    await next.abort();
    await rejection(next.finish(), "not-found");
  });

  test("whose content cannot be stored keeps what was written before, and finishes with what can", async () => {
    const { reader, writer } = await begin();
    writer.update(textOf("good"));
    await untilRead(reader, textOf("good"));
    writer.update([{ type: "nothing" } as unknown as ContentBlock]);
    await rejection(writer.finish(), "invalid-message");
    await rejection(writer.finish("text" as unknown as ContentBlock[]), "invalid-message");
    expect(await reader.getMessages({ last: 1 })).toMatchObject([{ content: textOf("good"), status: "partial" }]);
    writer.update(textOf("better"));
    await untilRead(reader, textOf("better"));
    await writer.finish();
    expect(words(await reader.getMessages({ last: 1 }))).toEqual(["better"]);
  });

  test("cannot be begun with a uid that the session has, a bad role, uid or metadata", async () => {
    const { store, writer } = await begin();
    const before = await store.getMessages();
    await rejection(store.beginMessage("assistant", { uid: writer.uid }), "conflict");
    await rejection(store.beginMessage("assistant", { uid: before[0]!.uid }), "conflict");
    await rejection(store.beginMessage("bot" as "user"), "invalid-message");
    await rejection(store.beginMessage("user", { uid: "" }), "invalid-argument");
    await rejection(store.beginMessage("user", { metadata: { bad: NaN } }), "invalid-message");
    expect(await store.getMessages()).toStrictEqual(before);
    const named = await store.beginMessage("assistant", { uid: "mine", metadata: undefined });
    expect(named.uid).toBe("mine");
  });

  test("stands in an export as far as it was written, readable and writable by Python, and goes on", async () => {
    const connection = await openDatabase();
    const store = new SQLiteContextStore(connection, "s", { project: "/home/a" });
    await store.append(user("question"));
    const writer = await store.beginMessage("assistant");
    const text = "é😀".repeat(400);
    writer.update(textOf(text));
    await untilRead(store, textOf(text));
    const { rows, integrity } = await readByPython(await connection.export());
    expect(integrity).toEqual(["ok"]);
    expect(rows.map(({ role, json }) => ({ role, content: JSON.parse(json!) as unknown }))).toEqual(
      [user("question"), assistant(text)].map(toDict),
    );
    writer.update(textOf(`${text} and more`));
    await untilRead(store, textOf(`${text} and more`));
    const file = await appendByPython(await connection.export(), [
      { session_id: "s", project: "/home/a", role: "user", content: user("from Python").content },
    ]);
    const copy = await openDatabase();
    await copy.import(file);
    const copied = new SQLiteContextStore(copy, "s", { project: "/home/a" });
    expect(await copied.getMessages()).toMatchObject([
      { position: 0, status: "complete" },
      { position: 1, status: "partial", ...assistant(`${text} and more`) },
      { position: 2, status: "complete", ...user("from Python") },
    ]);
    // The file's own trigger runs in Python's SQLite too.
    const without = await changeByPython(file, ["DELETE FROM axio_context_messages WHERE role = 'assistant'"]);
    expect((await readByPython(without)).rows.map(({ role }) => role)).toEqual(["user", "user"]);
    await writer.finish();
    expect(words(await store.getHistory())).toEqual(["question", `${text} and more`]);
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
  });

  test("is copied into a fork as far as it was written, and goes on in its own session alone", async () => {
    const { store, writer } = await begin();
    writer.update(textOf("as far as this"));
    await untilRead(store, textOf("as far as this"));
    const fork = await store.fork();
    writer.update(textOf("as far as this, and further"));
    await writer.finish();
    expect(await fork.getMessages({ last: 1 })).toMatchObject([
      { content: textOf("as far as this"), status: "partial" },
    ]);
    expect(words(await store.getMessages({ last: 1 }))).toEqual(["as far as this, and further"]);
    await fork.truncate(2);
    expect(await fork.getHistory()).toHaveLength(2);
  });

  test("moves with the edits around it, and other projects' rows of the same session id", async () => {
    const { store, writer } = await begin();
    const sibling = new SQLiteContextStore(await database(), store.sessionId, { project: "sibling" });
    await sibling.append(user("theirs"));
    await store.splice(0, 2, [user("a summary")]);
    writer.update(textOf("moved"));
    await untilRead(store, textOf("moved"));
    await store.append(user("behind"));
    await writer.finish();
    expect(words(await store.getHistory())).toEqual(["a summary", "moved", "behind"]);
    expect(words(await sibling.getHistory())).toEqual(["theirs"]);
    const another = await sibling.beginMessage("assistant");
    await store.append(user("last"));
    await another.abort();
    expect(words(await sibling.getHistory())).toEqual(["theirs"]);
  });

  test("two at once do not mix", async () => {
    const { store, writer } = await begin();
    const second = await store.beginMessage("assistant");
    for (let i = 0; i < 50; i++) {
      writer.update(textOf("first ".repeat(i)));
      second.update(textOf("second ".repeat(i)));
    }
    await Promise.all([writer.finish(), second.finish()]);
    expect(words(await store.getMessages({ last: 2 }))).toEqual(["first ".repeat(49), "second ".repeat(49)]);
  });
});

test("listeners hear of a message that is begun, written, finished and aborted", async () => {
  const store = await openStore({ storage: "memory" });
  const heard: ContextChange[] = [];
  const cleared = new Promise<void>((resolve) => {
    store.subscribe((change) => (change.kind === "clear" ? resolve() : heard.push(change)));
  });
  await store.append(user("question"));
  const writer = await store.beginMessage("assistant");
  writer.update(textOf("written"));
  await untilRead(store, textOf("written"));
  await writer.finish();
  const aborted = await store.beginMessage("assistant");
  await store.append(user("behind"));
  await aborted.abort();
  await (await store.beginMessage("assistant")).abort();
  await store.clear();
  await cleared;
  expect(heard.map(({ kind, position }) => [kind, position])).toEqual([
    ["append", 0],
    ["append", 1],
    ["update", 1],
    ["update", 1],
    ["append", 2],
    ["append", 3],
    ["replace", 2],
    ["append", 3],
    ["truncate", 3],
  ]);
});

test("a writer never has two writes under way, and writes the newest", async () => {
  const watched = new WatchedWorker();
  const store = new SQLiteContextStore(await openDatabase({ worker: watched.start }), "s");
  const writer = await store.beginMessage("assistant");
  const ticks = new MessageChannel();
  const tick = () =>
    new Promise((resolve) => {
      ticks.port1.addEventListener("message", resolve, { once: true });
      ticks.port1.start();
      ticks.port2.postMessage(null);
    });
  for (let i = 0; watched.of("checkpoint").length < 3; i++) {
    writer.update(textOf("word ".repeat(i % 1000)));
    await tick();
    expect(watched.of("checkpoint").filter(({ reply }) => !reply).length).toBeLessThanOrEqual(1);
  }
  await writer.finish(textOf("done"));
  expect(watched.of("checkpoint").every(({ reply }) => reply?.ok)).toBe(true);
  expect(words(await store.getHistory())).toEqual(["done"]);
});

test("a writer whose connection is closed asks for nothing any more", async () => {
  const watched = new WatchedWorker();
  const connection = await openDatabase({ worker: watched.start });
  const store = new SQLiteContextStore(connection, "s");
  const writer = await store.beginMessage("assistant");
  for (let i = 0; i < 10; i++) writer.update(textOf(String(i)));
  await untilRead(store, textOf("9"));
  writer.update(textOf("10"));
  await connection.close();
  const before = watched.crossings.length;
  writer.update(textOf("11"));
  await rejection(writer.finish(), "closed");
  await rejection(writer.abort(), "closed");
  expect(watched.crossings).toHaveLength(before);
});
