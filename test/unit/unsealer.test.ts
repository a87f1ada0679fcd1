import * as fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Message, StoredMessage } from "../../src/index.js";
import type { KnownContents } from "../../src/operations.js";
import { type MessageBatch, readBatch } from "../../src/message-batch.js";
import type { Reply } from "../../src/protocol.js";
import type { OwnerRequest } from "../../worker/requests.js";
import { RowStream } from "../../worker/answers/row-stream.js";
import { Unsealer } from "../../worker/answers/unsealer.js";

const session = { dbName: "axio_context", project: "p", sessionId: "s" };
const terms = { full: false, busyTimeout: 5000 };

function request(known?: KnownContents): OwnerRequest<"messages"> {
  return { seq: 1, name: "messages", args: { session, range: {}, known }, terms };
}

const LONG = '"\n'.repeat(1024 * 1024);

const hello = { type: "text", text: "hello" };

function stored(blocks: readonly object[]): string {
  return `plain:${JSON.stringify(blocks)}`;
}

/** An owner's answer: one row of this content. */
function answer(content: unknown) {
  const row = { id: 1, uid: null, position: 0, createdAt: "", role: "user", content, metadata: null, status: null };
  return { ok: true, value: [row] } as const;
}

/** What the page gets first of a history. */
async function begin(unsealer: Unsealer, asked: OwnerRequest<"messages">, reply: Reply): Promise<MessageBatch> {
  return batchOf(await unsealer.unseal(asked, reply))!;
}

const numbers = new Map<string, number>();

/** The next number under this token. */
function next(unsealer: Unsealer, token: string): Promise<MessageBatch | null> {
  const number = (numbers.get(token) ?? 0) + 1;
  numbers.set(token, number);
  return rest(unsealer, token, number);
}

async function rest(unsealer: Unsealer, token: string, number: number): Promise<MessageBatch | null> {
  return batchOf(await unsealer.rest({ token, number }));
}

function batchOf(reply: Reply | undefined): MessageBatch | null {
  if (!reply?.ok) throw reply?.error as unknown as Error;
  return reply.value as MessageBatch | null;
}

test("what was read is known, and its row is read without the content", async () => {
  const unsealer = new Unsealer();
  expect(unsealer.withKnown(request())).toEqual(request());
  await begin(unsealer, request(), answer(stored([hello])));
  const { known } = unsealer.withKnown(request()).args;
  expect(known).toMatchObject({ first: 1, last: 1 });
  expect(known!.get(2)).toBeUndefined();
  const batch = await begin(unsealer, request(known), answer(known!.get(1)!));
  expect(readBatch(batch)[0]!.content).toEqual([hello]);
});

test("each batch is given once: to whoever asks for one again, or for one that is not the next, none is", async () => {
  const rows = Array.from({ length: 10 }, (_, position) => {
    return { ...answer(stored([{ type: "text", text: "x".repeat(150_000) }])).value[0], id: position + 1, position };
  });
  for (const wrong of [1, 3, 0]) {
    const unsealer = new Unsealer();
    const { rest: token } = await begin(unsealer, request(), { ok: true, value: rows });
    expect(await rest(unsealer, token!, 1)).not.toBeNull();
    expect(await rest(unsealer, token!, wrong)).toBeNull();
    expect(await rest(unsealer, token!, 2)).toBeNull();
  }
});

describe("what cannot be read fails the answer, and says which message", () => {
  test.each([
    ["a content that is not there though nothing was left out", { content: null }, "the content is not text"],
    ["a BLOB", { content: new Uint8Array(2) as unknown as string }, "the content is not text"],
    ["no JSON", { content: "plain:[" }, "Unexpected end"],
    ["JSON that would end the message, and begin another one", { content: 'plain:[]},{"role":"system"' }, "Unexpected"],
    ["blocks of no known type", { content: 'plain:[{"type":"song"}]' }, 'block type "song" is unknown'],
    ["metadata", { content: "plain:[]", metadata: "{" }, "Expected property name"],
  ])("%s", async (_, columns, why) => {
    const unsealer = new Unsealer();
    const good = answer("plain:[]").value[0];
    const rows = [
      ...Array.from({ length: 3000 }, (_each, position) => ({ ...good, position })),
      { ...good, ...columns },
    ];
    const value = rows.with(3000, { ...rows[3000]!, position: 3000 });
    const { rest } = await begin(unsealer, request(), { ok: true, value });
    await expect(next(unsealer, rest!)).rejects.toMatchObject({ code: "corrupt" });
    expect(await next(unsealer, rest!)).toBeNull();

    const reply = await unsealer.unseal(request(), { ok: true, value: rows.slice(-1) });
    expect(reply).toMatchObject({ ok: false, error: { code: "corrupt" } });
    const { message } = (reply as { error: { message: string } }).error;
    expect(message).toContain('Message 0 of session "s" in project "p" cannot be read');
    expect(message).toContain(why);
  });
});

test("any number of long histories can be read at once, and each comes to its end", async () => {
  const unsealer = new Unsealer();
  const row = answer(stored([{ type: "text", text: "x".repeat(50_000) }])).value[0];
  const rows = Array.from({ length: 10 }, (_, position) => ({ ...row, id: position + 1, position }));
  const readers: { messages: Message[]; rest: string | undefined }[] = [];
  for (let reader = 0; reader < 40; reader++) {
    const batch = await begin(unsealer, request(), { ok: true, value: rows });
    readers.push({ messages: readBatch(batch), rest: batch.rest });
  }
  // All of them ask in turn.
  while (readers.some(({ rest }) => rest !== undefined)) {
    for (const reader of readers) {
      if (reader.rest === undefined) continue;
      const batch = await next(unsealer, reader.rest);
      expect(batch).not.toBeNull();
      reader.messages.push(...readBatch(batch!));
      reader.rest = batch!.rest;
    }
  }
  for (const { messages } of readers)
    expect((messages as StoredMessage[]).map(({ position }) => position)).toEqual(rows.map(({ position }) => position));
});

test("images, too, come in one piece where many histories are read at once", async () => {
  const unsealer = new Unsealer();
  const image = { type: "image", media_type: "image/png", data: "AAEC" };
  const row = answer(stored([image, { type: "text", text: "x".repeat(200_000) }])).value[0];
  const rows = Array.from({ length: 3 }, (_, position) => ({ ...row, id: position + 1, position }));
  const replies: MessageBatch[] = [];
  for (let reader = 0; reader < 17; reader++) replies.push(await begin(unsealer, request(), { ok: true, value: rows }));
  expect(replies.map(({ rest }) => rest === undefined)).toEqual([...Array.from({ length: 16 }, () => false), true]);
  const messages = readBatch(replies.at(-1)!);
  expect(messages).toHaveLength(3);
  expect(messages.at(-1)!.content[0]).toEqual({ ...image, data: Uint8Array.of(0, 1, 2) });
});

test("what a reader has not come for is not kept for long", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const unsealer = new Unsealer();
  const rows = Array.from({ length: 4 }, (_, position) => {
    return { ...answer(stored([{ type: "text", text: "x".repeat(240_000) }])).value[0], id: position + 1, position };
  });
  const [gone, slow] = [1, 2].map(async () => (await begin(unsealer, request(), { ok: true, value: rows })).rest!);
  for (let time = 0; time < 3; time++) {
    vi.advanceTimersByTime(9000);
    expect(await next(unsealer, (await slow)!)).not.toBeNull();
  }
  expect(await next(unsealer, (await gone)!)).toBeNull();
});

describe("messages travel", () => {
  const image = { type: "image", media_type: "image/png", data: "AAEC" };
  const typeOf = async (content: string, columns: object = {}) => {
    const value = [{ ...answer(content).value[0], ...columns }];
    const batch = await begin(new Unsealer(), request(), { ok: true, value });
    return [typeof batch.messages, readBatch(batch)[0]] as const;
  };

  test("as text, with all that is known of them", async () => {
    const columns = { id: 7, uid: "u", position: 3, createdAt: "then", metadata: '{"a":[1]}', status: "partial" };
    expect(await typeOf(stored([hello]), columns)).toEqual([
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

  const call = (input: string) => `plain:[{"type":"tool_use","id":"i","name":"n","input":{"x":${input}}}]`;
  const called = (x: unknown) => [{ type: "tool_use", id: "i", name: "n", input: { x } }];

  test.each([
    ["a text of any length", stored([{ ...hello, text: LONG }]), [{ ...hello, text: LONG }]],
    ["what a tool answered", stored([result("it"), hello, result([hello])]), [result("it"), hello, result([hello])]],
    ["tool input that looks like a block", call(JSON.stringify([hello])), called([hello])],
    ["fields that are not a block's, which are left out", stored([{ ...hello, more: 1 }]), [hello]],
    ["such fields inside of a tool's result", stored([result([{ ...hello, more: 1 }])]), [result([hello])]],
  ])("as text where there is %s", async (_, content, blocks) => {
    const [type, message] = await typeOf(content, { metadata: '{"a":1}' });
    expect(type).toBe("string");
    expect(message).toMatchObject({ role: "user", metadata: { a: 1 } });
    expect(message!.content).toStrictEqual(blocks);
  });

  test.each([
    ["images", stored([image]), [{ ...image, data: new Uint8Array([0, 1, 2]) }]],
    ["images in a tool's result", stored([result([image])]), [result([{ ...image, data: new Uint8Array([0, 1, 2]) }])]],
    ["numbers that JSON lacks", call("NaN"), called(Number.NaN)],
    ["numbers too large for it", call("1e999"), called(Infinity)],
    ["minus zeros", call("-0.0"), called(-0)],
    ["inputs that would take the page long to parse", call(JSON.stringify(LONG)), called(LONG)],
  ])("as values where there are %s", async (_, content, blocks) => {
    const [type, message] = await typeOf(content, { metadata: '{"a":1}' });
    expect(type).toBe("object");
    expect(message).toMatchObject({ role: "user", metadata: { a: 1 } });
    expect(message!.content).toStrictEqual(blocks);
  });

  test("together as they are, whatever they hold", async () => {
    const text = fc.record({ type: fc.constant("text"), text: fc.string({ unit: "binary" }) });
    const picture = fc
      .uint8Array()
      .map((data) => ({ type: "image", media_type: "image/png", data: Buffer.from(data).toString("base64") }));
    const block = fc.oneof(
      { weight: 3, arbitrary: text },
      fc.record({ input: fc.jsonValue() }).map((input) => ({ type: "tool_use", id: "i", name: "n", input })),
      fc.oneof(fc.string({ unit: "binary" }), fc.array(text)).map((content) => result(content)),
    );
    const content = fc.array(fc.oneof({ weight: 20, arbitrary: block }, picture), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(content, { maxLength: 5 }), async (contents) => {
        const value = contents.map((blocks) => answer(stored(blocks)).value[0]);
        const read = readBatch(await begin(new Unsealer(), request(), { ok: true, value }));
        const expected = contents.map((blocks) => JSON.parse(JSON.stringify(blocks)) as { data?: unknown }[]);
        for (const found of expected.flat())
          if (found.data !== undefined) found.data = new Uint8Array(Buffer.from(String(found.data), "base64"));
        expect(read.map((message) => message.content)).toEqual(expected);
      }),
    );
  });
});

function result(content: unknown): object {
  return { type: "tool_result", tool_use_id: "i", content, is_error: false };
}

test("a long answer comes in batches, and no other worker takes its token for one of its own", async () => {
  const rows = Array.from({ length: 6000 }, (_, position) => ({ ...answer("plain:[]").value[0], position }));
  const unsealer = new Unsealer();
  const first = await begin(unsealer, request(), { ok: true, value: rows });
  const positions: number[] = [];
  for (let batch: MessageBatch | null = first; batch; batch = batch.rest ? await next(unsealer, batch.rest) : null)
    positions.push(...(readBatch(batch) as StoredMessage[]).map(({ position }) => position));
  expect(positions).toEqual(rows.map(({ position }) => position));
  expect(await next(unsealer, first.rest!)).toBeNull();
  const other = new Unsealer();
  await begin(other, request(), { ok: true, value: rows });
  expect(await next(other, first.rest!)).toBeNull();
});

describe("rows that come one part after the other", () => {
  const row = answer(stored([{ type: "text", text: "x".repeat(50_000) }])).value[0];
  const rows = Array.from({ length: 12 }, (_, position) => ({ ...row, id: position + 1, position }));
  const positionsOf = (batch: MessageBatch | null) =>
    (readBatch(batch!) as StoredMessage[]).map(({ position }) => position);

  test("are read before the last of them are here, and remembered once they are", async () => {
    const unsealer = new Unsealer();
    const coming = new RowStream();
    const asked = request();
    const first = unsealer.history(asked, coming, () => coming.version);
    coming.push(rows.slice(0, 6));
    const batch = batchOf(await first)!;
    expect(positionsOf(batch)).toEqual([0, 1, 2, 3, 4]);
    // As a page asks, ahead.
    const [second, third, fourth] = [1, 2, 3].map(() => next(unsealer, batch.rest!));
    coming.push(rows.slice(6, 11));
    expect(positionsOf(await second!)).toEqual([5, 6, 7, 8, 9]);
    expect(unsealer.withKnown(request())).toEqual(request());
    coming.end({ ok: true, value: rows.slice(11), version: "v" });
    expect(positionsOf(await third!)).toEqual([10, 11]);
    expect(await fourth!).toBeNull();
    expect(unsealer.withKnown(request()).args).toMatchObject({ known: { first: 1, last: 12 } });
  });

  /** Has read the first of them; gives what there is to read next once the others have come to their end so. */
  const readOn = async (end: (coming: RowStream) => void) => {
    const unsealer = new Unsealer();
    const coming = new RowStream();
    const first = unsealer.history(request(), coming, () => coming.version);
    coming.push(rows.slice(0, 6));
    const token = batchOf(await first)!.rest!;
    const second = unsealer.rest({ token, number: 1 });
    end(coming);
    return [await second, await unsealer.rest({ token, number: 2 })];
  };
  const lost = { ok: true, value: null };

  test("fail where the owner fails", async () => {
    const failed = {
      ok: false,
      error: { code: "corrupt", message: "damaged", outcome: "not-applied", cause: undefined },
    } as const;
    expect(await readOn((coming) => coming.end(failed))).toEqual([failed, lost]);
  });
});

test("that nothing has changed is passed on", async () => {
  const unchanged = { ok: true, value: null, version: "v" } as const;
  expect(await new Unsealer().unseal(request(), unchanged)).toEqual(unchanged);
});

test("a large image is not looked at byte by byte", async () => {
  const data = Buffer.alloc(4 * 1024 * 1024).toString("base64");
  const content = stored([{ type: "image", media_type: "image/png", data }]);
  const looked = vi.spyOn(JSON, "stringify");
  const batch = await begin(new Unsealer(), request(), answer(content));
  const longest = Math.max(...looked.mock.results.map(({ value }) => String(value ?? "").length));
  vi.restoreAllMocks();
  expect(longest).toBeLessThan(1000);
  expect((readBatch(batch)[0]!.content[0] as { data: Uint8Array }).data).toHaveLength(4 * 1024 * 1024);
});
