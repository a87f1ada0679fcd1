import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Reply } from "../../src/protocol.js";
import { cut, join } from "../../worker/answer-parts.js";
import { OutstandingCalls } from "../../worker/tab/outstanding.js";

/** What a browser passes on without shared memory. */
const INLINE_BYTES = 64 * 1024;

describe("a large answer in parts", () => {
  test("is whole again, and no part of it is large", () => {
    const text = fc.nat(150_000).map((length) => "x".repeat(length));
    const batch = fc.record({ messages: text, texts: text, rest: fc.uuid() }, { requiredKeys: ["messages", "texts"] });
    fc.assert(
      fc.property(fc.oneof(text, batch), (value) => {
        const reply: Reply = { ok: true, value, version: "v" };
        const [parts, last] = cut(reply);
        for (const part of [...parts, (last as { value: unknown }).value])
          expect(JSON.stringify(part).length).toBeLessThan(INLINE_BYTES);
        expect(join(parts, last)).toEqual(reply);
      }),
    );
  });

  test("leaves whole what is small, what is no text, and what failed", () => {
    const error = { code: "busy", message: "", outcome: "not-applied" } as const;
    const message = { role: "user", content: [{ type: "text", text: "x".repeat(100_000) }] };
    for (const reply of [
      { ok: true, value: null },
      { ok: true, value: "" },
      { ok: true, value: "x".repeat(1000) },
      { ok: true, value: [message] },
      { ok: true, value: { messages: [message], texts: "" } },
      { ok: false, error },
    ] satisfies Reply[])
      expect(cut(reply)).toEqual([[], reply]);
  });

  test("that an owner did not finish is forgotten when another one is asked", async () => {
    const calls = new OutstandingCalls();
    const args = { session: { dbName: "axio_context", project: "p", sessionId: "s" }, range: {} };
    const terms = { full: false, busyTimeout: 5000 };
    const answer = new Promise<Reply>((resolve) => calls.add({ seq: 1, name: "messages", args, terms }, resolve));
    calls.addPart(1, "of the first owner");
    for (const call of calls.all()) call.parts = [];
    calls.addPart(1, "of the second, ");
    calls.addPart(2, "of a call that is not known");
    calls.settle(1, { ok: true, value: "its end" });
    expect(await answer).toEqual({ ok: true, value: "of the second, its end" });
  });
});
