import { expect, test } from "vitest";
import { type MessageBatch, readList } from "../../src/operations.js";
import type { Request } from "../../src/protocol.js";
import type { OwnerRequest } from "../../worker/requests.js";
import { Unsealer } from "../../worker/tab/unsealer.js";

const session = { dbName: "axio_context", project: "p", sessionId: "s" };
const terms = { full: false, busyTimeout: 5000 };

function request(known?: readonly [number, number]): Request {
  return { seq: 1, name: "messages", args: { session, range: {}, known }, terms };
}

/** An owner's answer: one row of this content. */
function answer(content: string | null) {
  const row = { id: 1, uid: null, position: 0, createdAt: "", role: "user", content, metadata: null, status: null };
  return { ok: true, value: [row] } as const;
}

test("a content that the owner left out is the one that was read before, or asked for again", () => {
  const unsealer = new Unsealer();
  expect(unsealer.unseal(request([1, 1]), answer(null))).toBeUndefined();
  unsealer.unseal(request(), answer("plain:[]"));
  const again = unsealer.unseal(request([1, 1]), answer(null));
  expect((again as { value: MessageBatch }).value.rows[0]![2]).toBe("[]");
});

test("a content that is not there though nothing was left out cannot be read", () => {
  const reply = new Unsealer().unseal(request(), answer(null));
  const { rows } = (reply as { value: MessageBatch }).value;
  expect(rows[0]![2]).toEqual({ unreadable: "the content is not text" });
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
    positions.push(...batch.rows.map(([position]) => position));
  expect(positions).toEqual(rows.map(({ position }) => position));
  expect(unsealer.rest(first.rest!)).toBeNull();
  expect(begin().unsealer.rest(first.rest!)).toBeNull();
});

test("a long answer that has not changed comes in the same batches again, as often as it is asked for", () => {
  const rows = Array.from({ length: 1200 }, (_, position) => ({ ...answer("plain:[]").value[0], position }));
  const unsealer = new Unsealer();
  const batches = (value: typeof rows | null) => {
    const reply = unsealer.unseal(request(), { ok: true, value, version: "v" });
    const given: MessageBatch["rows"][] = [];
    let batch: MessageBatch | null = (reply as { value: MessageBatch }).value;
    for (; batch; batch = batch.rest ? unsealer.rest(batch.rest) : null) given.push(batch.rows);
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
