import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Delta, MessageRow, Operations } from "../../src/operations.js";
import type { Reply, Request } from "../../src/protocol.js";
import { Deltas } from "../../worker/envelopes/deltas.js";
import { seal, unseal } from "../../worker/envelopes/envelope.js";
import { Executor } from "../../worker/owner/executor.js";
import type { OwnerOperation, OwnerRequest } from "../../worker/requests.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import { foldAll } from "../../worker/operations/parts.js";
import { prepareSchema } from "../../worker/operations/schema.js";
import type { Storage } from "../../worker/storage/storage.js";

const session = { dbName: "axio_context", project: "p", sessionId: "s" };
const terms = { full: false, busyTimeout: 5000 };

let storage: Storage;
let executor: Executor;
let seq = 0;

beforeEach(async () => {
  storage = await openMemoryStorage();
  prepareSchema(storage);
  executor = new Executor(storage);
});

afterEach(() => storage.release());

function run<Name extends OwnerOperation>(
  name: Name,
  args: Parameters<Operations<string>[Name]>[0],
  number = ++seq,
): Reply {
  seq = Math.max(seq, number);
  const request: OwnerRequest = { seq: number, name, args, terms };
  return executor.execute({ client: "page", unanswered: [number], requests: [request] })[0]!;
}

function value(reply: Reply): unknown {
  if (!reply.ok) throw new Error(`rejected: ${reply.error.message}`);
  return reply.value;
}

function begin(uid: string): number {
  const message = { uid, role: "assistant", content: "plain:[]", status: "partial" } as const;
  return (value(run("append", { session, messages: [message] })) as { id: number }[])[0]!.id;
}

function checkpoint(id: number, content: Delta, number?: number): Reply {
  return run("checkpoint", { session, id, content }, number);
}

function texts(): string[] {
  const rows = value(run("messages", { session, range: {} })) as readonly MessageRow<string>[];
  return rows.map(({ content }) => unseal(content));
}

function parts(): unknown[] {
  return storage.database.rows("SELECT message_id, number, keep, text FROM axio_context_parts");
}

describe("what was written of a message is there once:", () => {
  test("a part that is sent again after its answer was lost is answered, by the next owner too", () => {
    const id = begin("a");
    checkpoint(id, { keep: 0, text: "[1]", tail: 0 });
    const first = checkpoint(id, { keep: 2, text: ",2]", tail: 0 }, 100);
    executor = new Executor(storage);
    expect(checkpoint(id, { keep: 2, text: ",2]", tail: 0 }, 100)).toEqual(first);
    expect(texts()).toEqual(["[1,2]"]);
    expect(parts()).toHaveLength(2);
  });

  test("a part that comes after the message was finished is refused, however it comes", () => {
    const id = begin("a");
    checkpoint(id, { keep: 0, text: "[1]", tail: 0 }, 200);
    expect(run("finish", { session, id, content: "plain:[1,2]" }, 201)).toMatchObject({ ok: true });
    expect(checkpoint(id, { keep: 0, text: "[1]", tail: 0 }, 200)).toMatchObject({ error: { outcome: "unknown" } });
    expect(checkpoint(id, { keep: 0, text: "[1]", tail: 0 }, 202)).toMatchObject({ error: { code: "not-found" } });
    expect(texts()).toEqual(["[1,2]"]);
    expect(parts()).toEqual([]);
  });

  test("a message that was finished is finished once, and an abort that is sent again takes nothing else out", () => {
    const [first, second] = [begin("a"), begin("b")];
    const finished = run("finish", { session, id: first, content: "plain:[1]" }, 300);
    const aborted = run("abort", { session, id: second }, 301);
    const third = begin("c");
    executor = new Executor(storage);
    expect(run("finish", { session, id: first, content: "plain:[1]" }, 300)).not.toMatchObject({ ok: true });
    expect(run("abort", { session, id: second }, 301)).not.toMatchObject({ ok: true });
    expect([finished, aborted]).toMatchObject([{ ok: true }, { ok: true }]);
    expect(texts()).toEqual(["[1]", "[]"]);
    expect(third).toBeGreaterThan(second);
  });

  test("a message of another session, project or prefix is not found", () => {
    const id = begin("a");
    for (const other of [{ sessionId: "other" }, { project: "other" }, { dbName: "other" }]) {
      const args = { session: { ...session, ...other }, id };
      for (const reply of [
        run("checkpoint", { ...args, content: { keep: 0, text: "[2]", tail: 0 } }),
        run("finish", { ...args, content: "plain:[2]" }),
        run("abort", args),
      ])
        expect(reply).toMatchObject({ error: { code: "not-found", outcome: "not-applied" } });
    }
    expect(texts()).toEqual(["[]"]);
  });
});

describe("the parts of a message", () => {
  const removals: Readonly<Record<string, (id: number) => unknown>> = {
    "is finished": (id) => value(run("finish", { session, id, content: "plain:[1]" })),
    "is aborted": (id) => value(run("abort", { session, id })),
    "is truncated": () => value(run("splice", { session, kind: "truncate", start: 0, messages: [] })),
    "is cleared": () => value(run("clear", { session })),
    "is deleted by Python": () => storage.database.run("DELETE FROM axio_context_messages WHERE session_id = 's'"),
  };

  test.each(Object.entries(removals))("go when it %s, and no other's", (_, remove) => {
    const other = { ...session, sessionId: "other" };
    const message = { uid: "other", role: "assistant", content: "plain:[]", status: "partial" } as const;
    const [{ id: left }] = value(run("append", { session: other, messages: [message] })) as [{ id: number }];
    run("checkpoint", { session: other, id: left, content: { keep: 0, text: "[7]", tail: 0 } });
    const id = begin("a");
    checkpoint(id, { keep: 0, text: "[1]", tail: 0 });
    remove(id);
    expect(parts()).toEqual([[left, 0, 0, "[7]"]]);
  });

  test("are folded into the row without a new time of the session, and with its preview", () => {
    const message = { uid: "u", role: "user", content: "plain:[]", status: "partial", preview: "" } as const;
    const [{ id }] = value(run("append", { session, messages: [message] })) as [{ id: number }];
    checkpoint(id, { keep: 0, text: '[{"type":"text","text":"so far"}]', tail: 0 });
    storage.database.run("UPDATE axio_context_sessions SET updated_at = '2020-01-01 00:00:00'");
    foldAll(storage.database);
    const described = "SELECT updated_at, preview FROM axio_context_sessions";
    expect(storage.database.rows(described)).toEqual([["2020-01-01 00:00:00", "so far"]]);
  });

  test("are folded into the row, which stays partial, and the next ones build on that", () => {
    const id = begin("a");
    const long = `["${"x".repeat(1000)}"`;
    checkpoint(id, { keep: 0, text: `${long}]`, tail: 0 });
    checkpoint(id, { keep: long.length, text: ",1]", tail: 0 });
    foldAll(storage.database);
    expect(parts()).toEqual([]);
    const stored = "SELECT content, status FROM axio_context_messages";
    expect(storage.database.row(stored)).toEqual([seal(`${long},1]`), "partial"]);
    checkpoint(id, { keep: long.length + 2, text: ",2]", tail: 0 });
    expect(texts()).toEqual([`${long},1,2]`]);
    foldAll(storage.database);
    checkpoint(id, { keep: 0, text: "[3]", tail: 0 });
    expect(texts()).toEqual(["[3]"]);
  });

  test("add up to the text, wherever each of them is new", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "😀") });
    const edit = fc.record({ keep: fc.nat({ max: 20 }), text, end: fc.nat({ max: 20 }) });
    let written = 0;
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
        const deltas = new Deltas();
        const id = begin(`message ${++written}`);
        let json = "";
        for (const { keep, text, end } of edits) {
          json = `["${(json.slice(2, keep) + text + json.slice(end, -2)).toWellFormed()}"]`;
          value(
            checkpoint(
              id,
              deltas.next({ seq: 1, name: "checkpoint", args: { session, id, content: [] }, terms }, json),
            ),
          );
          expect(texts()).toEqual([json]);
        }
        value(run("abort", { session, id }));
      }),
    );
  });

  // Were the text before each of them copied, this would take minutes.
  test("are read at once, and were there as many as an answer of hours has", () => {
    const [before, words, after] = ['[{"type":"text","text":"', "some words ".repeat(50), '"}]'];
    const id = begin("a");
    checkpoint(id, { keep: 0, text: before + after, tail: 0 });
    storage.database.run(
      `WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 25000)
       INSERT INTO axio_context_parts(message_id, number, keep, text, tail) SELECT ?1, number, ?2 + (number - 1) * ?3, ?4, ?5 FROM numbers`,
      id,
      before.length,
      words.length,
      words,
      after.length,
    );
    expect(texts()[0] === before + words.repeat(25_000) + after).toBe(true);
  });

  test("on a row that is damaged cost that row alone", () => {
    const id = begin("a");
    checkpoint(id, { keep: 0, text: "[1,2]", tail: 0 });
    foldAll(storage.database);
    storage.database.run("UPDATE axio_context_messages SET content = 'gzip:no' WHERE id = ?", id);
    checkpoint(id, { keep: 4, text: ",3]", tail: 0 });
    run("append", { session, messages: [{ uid: "b", role: "user", content: "plain:[4]" }] });
    const rows = value(run("messages", { session, range: {} })) as readonly MessageRow<string>[];
    expect(rows.map(({ content }) => content)).toEqual(["gzip:no", "plain:[4]"]);
    expect(() => foldAll(storage.database)).not.toThrow();
  });
});

describe("what is sent of a message", () => {
  const request = (id: number): Request<"checkpoint"> => ({
    seq: 1,
    name: "checkpoint",
    args: { session, id, content: [] },
    terms,
  });

  test("adds up to its text, whatever comes after what, and whatever was lost on the way", () => {
    const step = fc.record({
      id: fc.constantFrom(1, 2),
      keep: fc.nat({ max: 12_000 }),
      // Half a surrogate pair never stands in JSON text, but one may be cut in two where texts are compared.
      text: fc.string({ unit: fc.constantFrom("a", "é", "😀", "😁", "\n") }),
      pad: fc.constantFrom(0, 4095, 4096, 9000),
      end: fc.nat({ max: 12_000 }),
      isLost: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const deltas = new Deltas();
        const written = new Map<number, string>();
        for (const { id, keep, text, pad, end, isLost } of steps) {
          const before = written.get(id) ?? "";
          const next = (before.slice(0, keep) + "x".repeat(pad) + text + before.slice(end)).toWellFormed();
          const delta = deltas.next(request(id), next);
          expect(delta.text.isWellFormed()).toBe(true);
          if (isLost) {
            deltas.settle(request(id), { ok: false, error: { code: "busy", message: "", outcome: "unknown" } });
            continue;
          }
          deltas.settle(request(id), { ok: true, value: null });
          written.set(id, before.slice(0, delta.keep) + delta.text + before.slice(before.length - delta.tail));
          expect(written.get(id)).toBe(next);
        }
      }),
    );
  });

  test("is all of it after its memory was lost, and for one of too many messages at once", () => {
    const deltas = new Deltas();
    deltas.next(request(0), "abc");
    expect(deltas.next(request(0), "abcd")).toEqual({ keep: 3, text: "d", tail: 0 });
    expect(new Deltas().next(request(0), "abcde")).toEqual({ keep: 0, text: "abcde", tail: 0 });
    for (let id = 1; id <= 16; id++) deltas.next(request(id), "x");
    expect(deltas.next(request(0), "abcdef")).toEqual({ keep: 0, text: "abcdef", tail: 0 });
  });

  test("an answer of 100 KB in 4,000 updates is, if each of them is written, less than its final write three times", () => {
    const deltas = new Deltas();
    const id = begin("a");
    let answer = "";
    let sent = 0;
    for (let update = 0; update < 4000; update++) {
      answer += `${update.toString(36).padStart(5, "0")} ${(update * 7919) % 97} words of it\n`.slice(0, 25);
      const delta = deltas.next(request(id), JSON.stringify([{ type: "text", text: answer }]));
      sent += delta.text.length;
      value(checkpoint(id, delta));
    }
    const json = JSON.stringify([{ type: "text", text: answer }]);
    expect(texts()).toEqual([json]);
    expect(sent).toBeLessThan(1.5 * json.length);
  });

  test("is what is new, wherever it comes: between blocks, and beside an image", () => {
    const deltas = new Deltas();
    const id = begin("a");
    const image = { type: "image", media_type: "image/png", data: "QUJD".repeat(2000) };
    let sent = 0;
    let json = "";
    for (let update = 0; update < 40; update++) {
      const [before, after] = ["word ".repeat(update), "😀é".repeat(update)].map((text) => ({ type: "text", text }));
      json = JSON.stringify(
        update % 2 ? [before, image, after] : [{ ...before, text: `${before!.text}!` }, image, after],
      );
      const delta = deltas.next(request(id), json);
      value(checkpoint(id, delta));
    }
    expect(texts()).toEqual([json]);
    for (let update = 0; update < 40; update++) {
      json = JSON.stringify([{ type: "text", text: "word ".repeat(update) }, image]);
      const { text } = deltas.next(request(id), json);
      if (update > 0) sent += text.length;
    }
    expect(sent).toBeLessThan(40 * 16);
  });

  test("writes nothing but the part: no message, and no summary", () => {
    const { database } = storage;
    const id = begin("a");
    database.exec("CREATE TEMP TABLE written(name)");
    for (const table of ["messages", "sessions"]) {
      database.exec(
        `CREATE TEMP TRIGGER watch_${table} AFTER UPDATE ON main.axio_context_${table} BEGIN INSERT INTO written VALUES ('${table}'); END`,
      );
    }
    for (let i = 0; i < 10; i++) value(checkpoint(id, { keep: i, text: "x", tail: 0 }));
    expect(database.rows("SELECT name FROM written")).toEqual([]);
    value(run("finish", { session, id, content: "plain:[]" }));
    expect(database.rows("SELECT name FROM written ORDER BY name")).toEqual([["messages"], ["sessions"]]);
  });

  test("is written and read with statements that use an index", () => {
    const id = begin("a");
    checkpoint(id, { keep: 0, text: "[]", tail: 0 });
    texts();
    run("finish", { session, id, content: "plain:[]" });
    const { database } = storage;
    const statements = database.statements.filter(
      (sql) => /axio_context_(parts|messages)"/.test(sql) && /WHERE/.test(sql),
    );
    const plans = statements.map((sql) => database.rows(`EXPLAIN QUERY PLAN ${sql}`).map((row) => String(row[3])));
    expect(plans.length).toBeGreaterThan(8);
    expect(plans.flat().filter((step) => step.startsWith("SCAN axio"))).toEqual([]);
  });
});
