import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Reply } from "../../src/protocol.js";
import { type AnswerPart, cut, join } from "../../worker/answer-parts.js";
import { OutstandingCalls } from "../../worker/tab/outstanding.js";
import { LostRowsError, type RowStream } from "../../worker/tab/row-stream.js";
import type { OwnerRequest } from "../../worker/requests.js";

/** What a browser passes on without shared memory. */
const INLINE_BYTES = 64 * 1024;

const request: OwnerRequest = {
  seq: 1,
  name: "messages",
  args: { session: { dbName: "axio_context", project: "p", sessionId: "s" }, range: {} },
  terms: { full: false, busyTimeout: 5000 },
};

describe("a large answer in parts", () => {
  test("is whole again, and no part of small items is large", () => {
    const text = fc.nat(300_000).map((length) => "x".repeat(length));
    const rows = fc.array(fc.record({ id: fc.nat(), content: fc.nat(20_000).map((length) => "x".repeat(length)) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.oneof(text, rows), (value) => {
        const reply: Reply = { ok: true, value, version: "v" };
        const [parts, last] = cut(reply);
        for (const part of [...parts, (last as { value: AnswerPart }).value])
          expect(JSON.stringify(part).length).toBeLessThan(INLINE_BYTES);
        expect(join(parts, last)).toEqual(reply);
      }),
    );
  });

  test("leaves whole what is small, what is neither text nor a list, and what failed", () => {
    const error = { code: "busy", message: "", outcome: "not-applied" } as const;
    for (const reply of [
      { ok: true, value: null },
      { ok: true, value: "" },
      { ok: true, value: [] },
      { ok: true, value: [{ content: "x".repeat(1000) }] },
      { ok: true, value: { content: "x".repeat(100_000) } },
      { ok: false, error },
    ] satisfies Reply[])
      expect(cut(reply)).toEqual([[], reply]);
  });

  test("keeps an item that is large by itself in one part", () => {
    const large = { content: "x".repeat(100_000) };
    const [parts, last] = cut({ ok: true, value: [large, { content: "y" }, large] });
    expect(parts).toEqual([[large], [{ content: "y" }]]);
    expect(last).toEqual({ ok: true, value: [large] });
  });

  test("that an owner did not finish is forgotten when another one is asked", async () => {
    const calls = new OutstandingCalls({ finish: (_call, reply) => reply });
    const answer = new Promise<Reply>((resolve) => calls.add(request, request, resolve));
    calls.addPart(1, ["of the first owner"]);
    for (const call of calls.all()) call.parts = [];
    calls.addPart(1, ["of the second"]);
    calls.addPart(2, ["of a call that is not known"]);
    calls.settle(1, { ok: true, value: ["its end"] });
    expect(await answer).toEqual({ ok: true, value: ["of the second", "its end"] });
  });

  test("is read before its end where that can be, and given up with the owner that told it", async () => {
    const begun: RowStream[] = [];
    const answer: Reply = { ok: true, value: "the beginning" };
    const calls = new OutstandingCalls({
      finish: (_call, reply) => reply,
      begin: (_call, rows) => (begun.push(rows), Promise.resolve(answer)),
    });
    const make = (seq: number) => new Promise<Reply>((resolve) => calls.add({ ...request, seq }, request, resolve));
    const read = async (rows: RowStream) => {
      const all: unknown[] = [];
      for await (const part of rows) all.push(...part);
      return all;
    };
    const answers = [1, 2, 3].map(make);
    for (const seq of [1, 2]) calls.addPart(seq, [`${seq}a`]);
    expect(await Promise.all(answers.slice(0, 2))).toEqual([answer, answer]);
    calls.addPart(1, ["1b"]);
    calls.settle(1, { ok: true, value: ["1c"], version: "v" });
    expect(await read(begun[0]!)).toEqual(["1a", "1b", "1c"]);
    expect(begun[0]!.version).toBe("v");

    const lost = read(begun[1]!);
    expect(calls.unbegun().map((call) => call.request.seq)).toEqual([3]);
    await expect(lost).rejects.toBeInstanceOf(LostRowsError);
    // What the old owner still says of it is not heard.
    calls.addPart(2, ["2b"]);
    calls.settle(2, { ok: true, value: [] });
    expect(calls.size).toBe(1);
  });
});
