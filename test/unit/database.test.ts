import { assert, constantFrom, integer, oneof, property, string, tuple } from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { prepareSchema } from "../../worker/operations/schema.js";
import { memoryFiles, openMemoryStorage } from "../../worker/storage/memory-storage.js";
import type { Storage } from "../../worker/storage/storage.js";
import { Pool } from "../../worker/vfs/pool.js";

let storage: Storage;

beforeAll(async () => {
  storage = await openMemoryStorage();
});

afterAll(() => storage.release());

// Short and ASCII, short and not, and on both sides of what counts as short.
const texts = oneof(
  string({ unit: "grapheme-ascii", maxLength: 70 }),
  string({ unit: "grapheme", maxLength: 70 }),
  tuple(integer({ min: 0, max: 70 }), constantFrom("\0", "\x7f", "\x80", "é", "€", "👋")).map(
    ([length, end]) => "x".repeat(length) + end,
  ),
);

test("a text that is bound is the one that is read, and takes the bytes of its UTF-8", () => {
  const { database } = storage;
  assert(
    property(texts, texts, (one, other) => {
      const [row] = database.rows("SELECT ?1, ?2, length(CAST(?1 AS BLOB)), hex(?2)", one, other);
      const hex = Buffer.from(other).toString("hex").toUpperCase();
      expect(row).toEqual([one, other, Buffer.byteLength(one), hex]);
    }),
  );
});

test.each([0, 47])("damage in byte %i of the header is told to be damage", async (at) => {
  const files = memoryFiles();
  const first = await openMemoryStorage(files);
  prepareSchema(first);
  first.release();
  const main = new Pool(files, () => Promise.resolve(true)).get("/history.sqlite")!;
  main.write(Uint8Array.of(99), at);
  await expect(openMemoryStorage(files).then(prepareSchema)).rejects.toMatchObject({ code: "corrupt" });
});
