import { describe, expect, test } from "vitest";
import type { MessageRange, SQLiteContextStore, StoredMessage } from "../../src/index.js";
import { user, words } from "../fixtures/messages.js";
import type { SqliteBackend } from "./sqlite.js";

const LENGTH = 30;
const refused = expect.objectContaining({ name: "ContextStoreError", code: "invalid-argument" }) as unknown;
const VALUES: readonly (number | undefined)[] = [undefined, 0, 1, 12, 29, 30, 40];

const RANGES: readonly MessageRange[] = VALUES.flatMap((last) =>
  VALUES.flatMap((before) =>
    [...VALUES, -1].flatMap((after) => VALUES.map((limit) => ({ last, before, after, limit }))),
  ),
);

export function rangesContract({ open, sibling }: SqliteBackend): void {
  describe("getMessages", () => {
    test(`answers each of ${RANGES.length} ranges as a filter over the whole history does`, async () => {
      const store = await open();
      await store.appendAll(numbered());
      expect(await differences(store)).toEqual([]);
    });

    test("answers the same where two projects share the session id", async () => {
      const store = await open();
      const other = sibling(store);
      for (const message of numbered()) {
        await Promise.all([store.append(message), other.append(user("other")), other.append(user("other"))]);
      }
      expect(await differences(store)).toEqual([]);
      expect(words(await other.getMessages({ after: 4, limit: 2 }))).toEqual(["other", "other"]);
    });

    test("answers the same where the rows of another project come before and behind", async () => {
      const store = await open();
      const other = sibling(store);
      await other.appendAll([user("other"), user("other")]);
      await store.appendAll(numbered());
      await other.append(user("other"));
      expect(await differences(store)).toEqual([]);
    });

    test("gives nothing of a session that is empty", async () => {
      const store = await open();
      expect(await store.getMessages()).toEqual([]);
      expect(await store.getMessages({ last: 5, before: 3, after: 0, limit: 1 })).toEqual([]);
    });

    test("pages through a history from the end with before and limit", async () => {
      const store = await open();
      await store.appendAll(numbered());
      const pages: string[][] = [];
      for (let before = LENGTH; before > 0;) {
        const page = await store.getMessages({ before, limit: 7 });
        pages.unshift(words(page));
        before = page[0]!.position;
      }
      expect(pages.flat()).toEqual(words(numbered()));
      expect(pages.map((page) => page.length)).toEqual([2, 7, 7, 7, 7]);
    });

    test("gives a history that is longer than one answer of the worker", async () => {
      const store = await open();
      const history = Array.from({ length: 2500 }, (_, i) => user(`${i}${i % 500 === 0 ? "x".repeat(200_000) : ""}`));
      await store.appendAll(history);
      const read = words(await store.getHistory());
      expect(read.length).toBe(2500);
      expect(read.every((text, place) => text === words([history[place]!])[0])).toBe(true);
      const stored = await store.getMessages({ after: 99, limit: 2300 });
      expect(stored.map(({ position }) => position)).toEqual(Array.from({ length: 2300 }, (_, i) => i + 100));
    });

    test.each([-1, 1.5, Number.NaN, Infinity, "3", null])("refuses %s for a place or a number", async (value) => {
      const store = await open();
      for (const key of ["last", "before", "limit"]) {
        await expect(store.getMessages({ [key]: value })).rejects.toEqual(refused);
      }
      // After -1 is the beginning.
      const after = value === -1 ? -2 : value;
      await expect(store.getMessages({ after } as MessageRange)).rejects.toEqual(refused);
    });
  });
}

function numbered(): ReturnType<typeof user>[] {
  return Array.from({ length: LENGTH }, (_, i) => user(`message ${i}`));
}

/** The ranges that are answered differently from {@link filtered}. */
async function differences(store: SQLiteContextStore): Promise<unknown[]> {
  const history = await store.getMessages();
  expect(history.map(({ position }) => position)).toEqual(Array.from({ length: LENGTH }, (_, i) => i));
  expect(words(history)).toEqual(words(numbered()));
  const answers = await Promise.all(RANGES.map((range) => store.getMessages(range)));
  return RANGES.filter((range, place) => !sameIds(answers[place]!, filtered(history, range)));
}

function sameIds(actual: readonly StoredMessage[], expected: readonly StoredMessage[]): boolean {
  const key = (messages: readonly StoredMessage[]) => messages.map(({ id, position }) => `${id}@${position}`).join();
  return key(actual) === key(expected);
}

/** What `getMessages` is documented to give. */
function filtered(history: readonly StoredMessage[], { last, before, after, limit }: MessageRange): StoredMessage[] {
  const between = history.filter(({ position }) => position > (after ?? -1) && position < (before ?? Infinity));
  const count = Math.min(last ?? Infinity, limit ?? Infinity, between.length);
  const fromTheEnd = last !== undefined || (before !== undefined && after === undefined);
  return fromTheEnd ? between.slice(between.length - count) : between.slice(0, count);
}
