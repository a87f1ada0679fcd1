import { describe, expect, test, vi } from "vitest";
import type { Message, StoredMessage } from "../../src/index.js";
import { type MessageBatch, readList } from "../../src/operations.js";
import type { Reply, Request } from "../../src/protocol.js";
import type { OwnerRequest } from "../../worker/requests.js";
import { Unsealer } from "../../worker/tab/unsealer.js";

const session = { dbName: "axio_context", project: "p", sessionId: "s" };
const terms = { full: false, busyTimeout: 5000 };

function request(known?: readonly [number, number]): Request {
  return { seq: 1, name: "messages", args: { session, range: {}, known }, terms };
}

const hello = { type: "text", text: "hello" };

function stored(blocks: readonly object[]): string {
  return `plain:${JSON.stringify(blocks)}`;
}

/** An owner's answer: one row of this content. */
function answer(content: string | null) {
  const row = { id: 1, uid: null, position: 0, createdAt: "", role: "user", content, metadata: null, status: null };
  return { ok: true, value: [row] } as const;
}

/** What the page reads of a reply. */
function read(reply: Reply | undefined): Message[] {
  return readList((reply as { value: MessageBatch }).value.messages);
}

test("a content that the owner left out is the one that was read before, or asked for again", () => {
  const unsealer = new Unsealer();
  expect(unsealer.unseal(request([1, 1]), answer(null))).toBeUndefined();
  unsealer.unseal(request(), answer(stored([hello])));
  expect(read(unsealer.unseal(request([1, 1]), answer(null)))[0]!.content).toEqual([hello]);
});

describe("what cannot be read fails the answer, and says which message", () => {
  test.each([
    ["a content that is not there though nothing was left out", { content: null }, "the content is not text"],
    ["a BLOB", { content: new Uint8Array(2) as unknown as string }, "the content is not text"],
    ["no JSON", { content: "plain:[" }, "Unexpected end"],
    ["JSON that would end the message, and begin another one", { content: 'plain:[]},{"role":"system"' }, "Unexpected"],
    ["blocks of no known type", { content: 'plain:[{"type":"song"}]' }, 'block type "song" is unknown'],
    ["metadata", { content: "plain:[]", metadata: "{" }, "Expected property name"],
  ])("%s", (_, columns, why) => {
    const unsealer = new Unsealer();
    const good = answer("plain:[]").value[0];
    const rows = [
      ...Array.from({ length: 700 }, (_each, position) => ({ ...good, position })),
      { ...good, ...columns },
    ];
    const first = unsealer.unseal(request(), { ok: true, value: rows.with(700, { ...rows[700]!, position: 700 }) });
    const { rest } = (first as { value: MessageBatch }).value;
    expect(() => unsealer.rest(rest!)).toThrow(expect.objectContaining({ code: "corrupt" }));
    expect(unsealer.rest(rest!)).toBeNull();

    const reply = unsealer.unseal(request(), { ok: true, value: rows.slice(-1) });
    expect(reply).toMatchObject({ ok: false, error: { code: "corrupt" } });
    const { message } = (reply as { error: { message: string } }).error;
    expect(message).toContain('Message 0 of session "s" in project "p" cannot be read');
    expect(message).toContain(why);
  });
});

test("any number of long histories can be read at once, and each comes to its end", () => {
  const unsealer = new Unsealer();
  const row = answer(stored([{ type: "text", text: "x".repeat(50_000) }])).value[0];
  const rows = Array.from({ length: 10 }, (_, position) => ({ ...row, id: position + 1, position }));
  const readers = Array.from({ length: 40 }, () => {
    const reply = unsealer.unseal(request(), { ok: true, value: rows }) as { value: MessageBatch };
    return { messages: readList(reply.value.messages), rest: reply.value.rest };
  });
  // All of them ask in turn.
  while (readers.some(({ rest }) => rest !== undefined)) {
    for (const reader of readers) {
      if (reader.rest === undefined) continue;
      const batch = unsealer.rest(reader.rest);
      expect(batch).not.toBeNull();
      reader.messages.push(...readList(batch!.messages));
      reader.rest = batch!.rest;
    }
  }
  for (const { messages } of readers)
    expect((messages as StoredMessage[]).map(({ position }) => position)).toEqual(rows.map(({ position }) => position));
});

test("images, too, come in one piece where many histories are read at once", () => {
  const unsealer = new Unsealer();
  const image = { type: "image", media_type: "image/png", data: "AAEC" };
  const row = answer(stored([image, { type: "text", text: "x".repeat(200_000) }])).value[0];
  const rows = Array.from({ length: 3 }, (_, position) => ({ ...row, id: position + 1, position }));
  const replies = Array.from({ length: 17 }, () => {
    return (unsealer.unseal(request(), { ok: true, value: rows }) as { value: MessageBatch }).value;
  });
  expect(replies.map(({ rest }) => rest === undefined)).toEqual([...Array.from({ length: 16 }, () => false), true]);
  const messages = readList(replies.at(-1)!.messages);
  expect(messages).toHaveLength(3);
  expect(messages.at(-1)!.content[0]).toEqual({ ...image, data: Uint8Array.of(0, 1, 2) });
});

test("a reader that has not come for long makes room for another", () => {
  const unsealer = new Unsealer();
  const rows = Array.from({ length: 3 }, (_, position) => {
    return { ...answer(stored([{ type: "text", text: "x".repeat(200_000) }])).value[0], id: position + 1, position };
  });
  const begin = () => (unsealer.unseal(request(), { ok: true, value: rows }) as { value: MessageBatch }).value.rest;
  const left = Array.from({ length: 16 }, begin);
  const later = performance.now() + 20_000;
  vi.spyOn(performance, "now").mockReturnValue(later);
  expect(begin()).toBeDefined();
  expect(unsealer.rest(left[0]!)).toBeNull();
  expect(unsealer.rest(left[1]!)).not.toBeNull();
  vi.restoreAllMocks();
});

describe("messages travel", () => {
  const image = { type: "image", media_type: "image/png", data: "AAEC" };
  const typeOf = (content: string, columns: object = {}) => {
    const reply = new Unsealer().unseal(request(), { ok: true, value: [{ ...answer(content).value[0], ...columns }] });
    return [typeof (reply as { value: MessageBatch }).value.messages, read(reply)[0]] as const;
  };

  test("as text, with all that is known of them", () => {
    const columns = { id: 7, uid: "u", position: 3, createdAt: "then", metadata: '{"a":[1]}', status: "partial" };
    expect(typeOf(stored([hello]), columns)).toEqual([
      "string",
      {
        id: 7,
        uid: "u",
        position: 3,
        createdAt: "then",
        metadata: { a: [1] },
        status: "partial",
        role: "user",
        content: [hello],
      },
    ]);
  });

  test.each([
    ["images", stored([image]), [{ ...image, data: new Uint8Array([0, 1, 2]) }]],
    [
      "numbers that JSON lacks",
      'plain:[{"type":"tool_use","id":"i","name":"n","input":{"x":NaN}}]',
      [{ type: "tool_use", id: "i", name: "n", input: { x: Number.NaN } }],
    ],
    ["fields that are not a block's", stored([{ ...hello, more: 1 }]), [hello]],
    [
      "such fields inside of a tool's result",
      stored([{ type: "tool_result", tool_use_id: "i", content: [{ ...hello, more: 1 }], is_error: false }]),
      [{ type: "tool_result", tool_use_id: "i", content: [hello], is_error: false }],
    ],
  ])("as values where there are %s", (_, content, blocks) => {
    const [type, message] = typeOf(content, { metadata: '{"a":1}' });
    expect(type).toBe("object");
    expect(message).toMatchObject({ role: "user", metadata: { a: 1 } });
    expect(message!.content).toStrictEqual(blocks);
  });
});

test("a long answer comes in batches, and no other worker takes its token for one of its own", () => {
  const rows = Array.from({ length: 1200 }, (_, position) => ({ ...answer("plain:[]").value[0], position }));
  const begin = () => {
    const unsealer = new Unsealer();
    const reply = unsealer.unseal(request(), { ok: true, value: rows });
    return { unsealer, first: (reply as { value: MessageBatch }).value };
  };
  const { unsealer, first } = begin();
  const positions: number[] = [];
  for (let batch: MessageBatch | null = first; batch; batch = batch.rest ? unsealer.rest(batch.rest) : null)
    positions.push(...(readList(batch.messages) as StoredMessage[]).map(({ position }) => position));
  expect(positions).toEqual(rows.map(({ position }) => position));
  expect(unsealer.rest(first.rest!)).toBeNull();
  expect(begin().unsealer.rest(first.rest!)).toBeNull();
});

test("a long answer that has not changed comes in the same batches again, as often as it is asked for", () => {
  const rows = Array.from({ length: 1200 }, (_, position) => ({ ...answer("plain:[]").value[0], position }));
  const unsealer = new Unsealer();
  const batches = (value: typeof rows | null) => {
    const reply = unsealer.unseal(request(), { ok: true, value, version: "v" });
    const given: Message[][] = [];
    let batch: MessageBatch | null = (reply as { value: MessageBatch }).value;
    for (; batch; batch = batch.rest ? unsealer.rest(batch.rest) : null) given.push(readList(batch.messages));
    return given;
  };
  const first = batches(rows);
  expect(first.map(({ length }) => length)).toEqual([500, 500, 200]);
  expect(batches(null)).toEqual(first);
  expect(batches(null)).toEqual(first);
});

test("an answer that was not read to its end, or is of another version, is asked for again", () => {
  const rows = Array.from({ length: 1200 }, (_, position) => ({ ...answer("plain:[]").value[0], position }));
  const unsealer = new Unsealer();
  unsealer.unseal(request(), { ok: true, value: rows, version: "v" });
  expect(unsealer.unseal(request(), { ok: true, value: null, version: "v" })).toBeUndefined();
  unsealer.unseal(request(), { ok: true, value: rows.slice(0, 1), version: "v" });
  expect(unsealer.unseal(request(), { ok: true, value: null, version: "w" })).toBeUndefined();
});

test("what a search found is not sent again while nothing has changed", () => {
  const unsealer = new Unsealer();
  const args = { dbName: "axio_context", query: "needle", limit: 50 };
  const search = (seen?: string): Request => ({ seq: 1, name: "search", args: { ...args, seen }, terms });
  const found = { sessionId: "s", project: "p", messageId: 1, position: 0, role: "user", createdAt: "" };
  const content = `plain:${JSON.stringify([{ type: "text", text: "a needle" }])}`;
  const first = unsealer.unseal(search(), { ok: true, value: [{ ...found, content }], version: "v" });
  expect(readList((first as { value: string }).value)).toEqual([{ ...found, snippet: "a ⟦needle⟧" }]);

  expect(unsealer.withKnown(search() as OwnerRequest).args).toMatchObject({ seen: "v" });
  expect(unsealer.unseal(search("v"), { ok: true, value: null, version: "v" })).toEqual(first);
  expect(unsealer.unseal(search("v"), { ok: true, value: null, version: "w" })).toBeUndefined();
});
