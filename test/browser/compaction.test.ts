import { describe, expect, test, vi } from "vitest";
import {
  compactHistory,
  type ContextChange,
  type Message,
  type MessageRange,
  SQLiteContextStore,
  type StoredMessage,
} from "../../src/index.js";
import { openDatabase, sharedDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { assistant, text, toDict, toolConversation, user, words } from "../fixtures/messages.js";
import { readByPython } from "../fixtures/python.js";

const CONVERSATION = toolConversation();
const SUMMARY = user("what was said before");

describe("compactHistory", () => {
  const database = sharedDatabase({ storage: "memory" });

  async function open(messages: readonly Message[] = CONVERSATION): Promise<SQLiteContextStore> {
    const project = crypto.randomUUID();
    const store = new SQLiteContextStore(await database(), "s", { project });
    await store.appendAll(messages);
    await store.setContextTokens(100, 200);
    return store;
  }

  /** A store on the same session, as another tab has one. */
  async function other({ project }: SQLiteContextStore): Promise<SQLiteContextStore> {
    return new SQLiteContextStore(await database(), "s", { project });
  }

  // By how many are kept: where the cut would part a call from its result, it is the call that is kept too.
  const CUTS = [9, 8, 6, 6, 5, 4, 2, 2, 1];

  test.each(CUTS.map((cut, keepRecent) => [keepRecent, cut] as const))(
    "that keeps the last %i messages summarizes the first %i",
    async (keepRecent, cut) => {
      const store = await open();
      const before = await store.getMessages();
      const summarize = vi.fn<(messages: readonly Message[]) => Message>(() => SUMMARY);
      expect(await compactHistory(store, { summarize, keepRecent })).toBe(true);
      expect(summarize.mock.calls.map(([messages]) => messages)).toStrictEqual([CONVERSATION.slice(0, cut)]);
      expect(await store.getHistory()).toStrictEqual([SUMMARY, ...CONVERSATION.slice(cut)]);
      const kept = (await store.getMessages()).slice(1);
      expect(kept.map(({ id, uid }) => [id, uid])).toEqual(before.slice(cut).map(({ id, uid }) => [id, uid]));
      expect(await store.getContextTokens()).toEqual({ inputTokens: 100, outputTokens: 200 });
      expect(await store.listSessions()).toMatchObject([{ sessionId: "s", messageCount: 1 + kept.length }]);
    },
  );

  test.each([9, 10, 2 ** 53 - 1])(
    "that keeps the last %i of nine asks for no summary, and says so",
    async (keepRecent) => {
      const store = await open();
      const before = await store.getMessages();
      const summarize = vi.fn<() => Message>(() => SUMMARY);
      expect(await compactHistory(store, { summarize, keepRecent })).toBe(false);
      expect(summarize).not.toHaveBeenCalled();
      expect(await store.getMessages()).toStrictEqual(before);
    },
  );

  test("keeps the last six where nothing else is said", async () => {
    const store = await open(Array.from({ length: 20 }, (_, place) => user(String(place))));
    expect(await compactHistory(store, { summarize: () => "summary" })).toBe(true);
    expect(words(await store.getHistory())).toEqual(["summary", "14", "15", "16", "17", "18", "19"]);
    expect(await compactHistory(await open([]), { summarize: () => "summary" })).toBe(false);
  });

  test("takes a text, a message, several messages or none for a summary, now or later", async () => {
    const summaries: readonly [summary: string | Message | Message[], expected: Message[]][] = [
      ["a text", [user("a text")]],
      [text("system", "a message"), [text("system", "a message")]],
      [
        [user("several"), assistant("messages")],
        [user("several"), assistant("messages")],
      ],
      [[], []],
    ];
    for (const [summary, expected] of summaries) {
      const store = await open();
      await compactHistory(store, { summarize: () => summary, keepRecent: 1 });
      expect(await store.getHistory()).toStrictEqual([...expected, CONVERSATION.at(-1)]);
      const later = await open();
      await compactHistory(later, { summarize: () => Promise.resolve(summary), keepRecent: 1 });
      expect(await later.getHistory()).toStrictEqual(await store.getHistory());
    }
  });

  test("keeps what is appended meanwhile, behind the summary", async () => {
    const store = await open();
    const another = await other(store);
    const summarize = async () => {
      await another.append(user("meanwhile"));
      await store.append(assistant("and this"));
      return SUMMARY;
    };
    expect(await compactHistory(store, { summarize, keepRecent: 1 })).toBe(true);
    expect(words(await store.getHistory())).toEqual([
      ...words([SUMMARY, CONVERSATION.at(-1)!]),
      "meanwhile",
      "and this",
    ]);
  });

  test("keeps edits that were made meanwhile behind what it summarizes", async () => {
    const store = await open();
    const another = await other(store);
    const summarize = async () => {
      await another.replaceMessage(8, user("edited"));
      return SUMMARY;
    };
    expect(await compactHistory(store, { summarize, keepRecent: 1 })).toBe(true);
    expect(words(await store.getHistory())).toEqual([...words([SUMMARY]), "edited"]);
  });

  const EDITS: Readonly<Record<string, (store: SQLiteContextStore) => Promise<unknown>>> = {
    "a message is replaced": (store) => store.replaceMessage(3, user("theirs")),
    "messages are inserted": (store) => store.splice(1, 0, [user("theirs")]),
    "the history is truncated": (store) => store.truncate(4),
    "the session is cleared": (store) => store.clear(),
    "another compaction is faster": (store) => compactHistory(store, { summarize: () => "theirs", keepRecent: 2 }),
  };

  test.each(Object.entries(EDITS))("rejects conflict, and leaves it at that, when meanwhile %s", async (_, edit) => {
    const store = await open();
    const another = await other(store);
    let theirs: Message[] = [];
    const summarize = async () => {
      await edit(another);
      theirs = await another.getHistory();
      return SUMMARY;
    };
    await rejection(compactHistory(store, { summarize, keepRecent: 2 }), "conflict");
    expect(await store.getHistory()).toStrictEqual(theirs);
  });

  test("changes nothing when there is no summary", async () => {
    const store = await open();
    const before = await store.getMessages();
    const failure = new Error("the model is down");
    const failing = [
      () => Promise.reject(failure),
      () => {
        throw failure;
      },
    ];
    for (const summarize of failing)
      await expect(compactHistory(store, { summarize, keepRecent: 1 })).rejects.toBe(failure);
    const bad: unknown[] = ["", " \n", undefined, null, 7, {}, [user("good"), { role: "bot", content: [] }]];
    for (const summary of bad)
      await rejection(compactHistory(store, { summarize: () => summary as string, keepRecent: 1 }), "invalid-message");
    expect(await store.getMessages()).toStrictEqual(before);
    expect(await store.listSessions()).toHaveLength(1);
  });

  test("changes nothing when it is aborted, before or while the summary is made", async () => {
    const store = await open();
    const before = await store.getMessages();
    const never = vi.fn<() => string>(() => "never");
    const reason = new Error("the user left");
    const options = { summarize: never, signal: AbortSignal.abort(reason), keepRecent: 1 };
    const { cause } = await rejection(compactHistory(store, options), "aborted");
    expect(cause).toBe(reason);
    expect(never).not.toHaveBeenCalled();
    const summaries: ((signal: AbortSignal) => Promise<string>)[] = [
      () => new Promise(() => {}),
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("its own")))),
      async () => "too late",
    ];
    for (const summary of summaries) {
      const controller = new AbortController();
      const summarize = async (_: readonly Message[], { signal }: { readonly signal: AbortSignal | undefined }) => {
        const made = summary(signal!);
        controller.abort(reason);
        return made;
      };
      const error = await rejection(
        compactHistory(store, { summarize, signal: controller.signal, keepRecent: 1 }),
        "aborted",
      );
      expect(error).toMatchObject({ cause: reason, outcome: "not-applied" });
    }
    expect(await store.getMessages()).toStrictEqual(before);
  });

  test("leaves a call alone whose result is still to come, and an answer that is still being written", async () => {
    const store = await open([
      ...CONVERSATION.slice(0, 7),
      { role: "user", content: CONVERSATION[7]!.content.slice(0, 1) },
    ]);
    const summarize = () => SUMMARY;
    expect(await compactHistory(store, { summarize, keepRecent: 0 })).toBe(true);
    expect(await store.getHistory()).toStrictEqual([
      SUMMARY,
      CONVERSATION[6],
      { role: "user", content: CONVERSATION[7]!.content.slice(0, 1) },
    ]);
    const streaming = await open();
    const writer = await streaming.beginMessage("assistant");
    expect(await compactHistory(streaming, { summarize, keepRecent: 0 })).toBe(true);
    await writer.finish(assistant("the answer").content);
    expect(await streaming.getHistory()).toStrictEqual([SUMMARY, assistant("the answer")]);
  });

  test("takes along a call that never got its result, and an answer that was never finished, once others spoke after it", async () => {
    const store = await open(CONVERSATION.slice(0, 3));
    await store.beginMessage("assistant");
    await store.append(user("are you there?"));
    expect(await compactHistory(store, { summarize: () => SUMMARY, keepRecent: 1 })).toBe(true);
    expect(words(await store.getHistory())).toEqual([...words([SUMMARY]), "are you there?"]);
  });

  test("leaves a message that went on while it was summarized", async () => {
    const store = await open(CONVERSATION.slice(0, 3));
    const writer = await store.beginMessage("assistant");
    await store.append(user("are you there?"));
    const summarize = async () => {
      await writer.finish(assistant("Yes. The answer is 42.").content);
      return SUMMARY;
    };
    await rejection(compactHistory(store, { summarize, keepRecent: 1 }), "conflict");
    expect(words(await store.getHistory()).slice(-2)).toEqual(["Yes. The answer is 42.", "are you there?"]);
  });

  test("leaves a message that is finished at the last moment", async () => {
    const store = await open(CONVERSATION.slice(0, 3));
    const writer = await store.beginMessage("assistant");
    await store.append(user("are you there?"));
    const getMessages = store.getMessages.bind(store);
    const splice: SQLiteContextStore["splice"] = async (...args) => {
      await writer.finish(assistant("Yes. The answer is 42.").content);
      await store.splice(...args);
    };
    await rejection(compactHistory({ getMessages, splice }, { summarize: () => SUMMARY, keepRecent: 1 }), "conflict");
    expect(words(await store.getHistory()).slice(-2)).toEqual(["Yes. The answer is 42.", "are you there?"]);
  });

  test("makes no text of the images that go, which may be more than a text can hold", async () => {
    const data = new Uint8Array(40_000_000).fill(255);
    const stored = { uid: "u", createdAt: "2026-01-01 00:00:00", status: "complete" } as const;
    const messages: StoredMessage[] = [
      { ...stored, id: 1, position: 0, role: "user", content: [{ type: "image", media_type: "image/png", data }] },
      { ...stored, id: 2, position: 1, ...assistant("It is"), status: "partial" },
      { ...stored, id: 3, position: 2, ...user("are you there?") },
    ];
    const splice = vi.fn<SQLiteContextStore["splice"]>(async () => {});
    const getMessages = async ({ before }: MessageRange = {}) => messages.slice(0, before);
    const store = { getMessages, splice };
    expect(await compactHistory(store, { summarize: () => SUMMARY, keepRecent: 1 })).toBe(true);
    expect(splice).toHaveBeenCalledWith(0, 2, [SUMMARY], expect.objectContaining({ expectIds: [1, 2] }));
  });

  test("is one change for those who listen", async () => {
    const store = await open();
    const heard: ContextChange[] = [];
    const stop = store.subscribe((change) => heard.push(change));
    await compactHistory(store, { summarize: () => SUMMARY, keepRecent: 2 });
    await expect.poll(() => heard).not.toEqual([]);
    await store.getHistory();
    stop();
    expect(heard.map(({ kind, position }) => [kind, position])).toEqual([["replace", 0]]);
  });

  test("refuses options that make no sense", async () => {
    const store = await open();
    const summarize = () => SUMMARY;
    for (const keepRecent of [-1, 0.5, Number.NaN, "3", null])
      await rejection(compactHistory(store, { summarize, keepRecent: keepRecent as number }), "invalid-argument");
    for (const bad of [undefined, null, "text"])
      await rejection(compactHistory(store, { summarize: bad as unknown as () => string }), "invalid-argument");
    await compactHistory(store, { summarize, keepRecent: undefined, signal: undefined });
    expect(await store.getHistory()).toStrictEqual([SUMMARY, ...CONVERSATION.slice(2)]);
  });
});

test("a compacted history is one that Python reads, in a session list without another session", async () => {
  const connection = await openDatabase();
  const store = new SQLiteContextStore(connection, "s", { project: "/home/a" });
  await store.appendAll(CONVERSATION);
  await compactHistory(store, { summarize: () => "é ".repeat(400), keepRecent: 3 });
  const { rows, sessions } = await readByPython(await connection.export());
  const read = rows.map(({ role, json }) => ({ role, content: JSON.parse(json!) as unknown }));
  expect(read).toEqual((await store.getHistory()).map(toDict));
  expect(rows.map(({ position }) => position)).toEqual([0, 1, 2, 3]);
  expect(sessions["/home/a"]).toMatchObject([{ session_id: "s", message_count: 4 }]);
  expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
});
