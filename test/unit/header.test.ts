import { expect, test } from "vitest";
import { nameHeader, nameIn } from "../../worker/vfs/header.js";

const HEADER_BYTES = 4096;
const WITH_DATA = HEADER_BYTES + 8192;

/** SQLite's flags of a main database that is made, and of a -wal. */
const FILES = [
  ["/history.sqlite", 0x106],
  ["/history.sqlite-wal", 0x80006],
  ["/search.sqlite", 0x106],
  ["/staged.sqlite", 0x102],
] as const;

function withFlipped(header: Uint8Array, place: number): Uint8Array {
  const damaged = header.slice();
  damaged[place >> 3]! ^= 1 << (place & 7);
  return damaged;
}

test.each(FILES)("a header of %s in which any one bit is flipped names no file", (name, flags) => {
  const header = nameHeader(name, flags);
  expect(nameIn(header, WITH_DATA)).toBe(name);
  const places = Array.from({ length: header.length * 8 }, (_, place) => place);
  expect(places.filter((place) => nameIn(withFlipped(header, place), WITH_DATA) !== undefined)).toEqual([]);
  // Without data there is nothing to lose.
  expect(places.filter((place) => nameIn(withFlipped(header, place), HEADER_BYTES) !== "")).toEqual([]);
});

test("a free file in whose header any one bit is flipped stays free, and one that holds data is not", () => {
  const header = new Uint8Array(nameHeader("/", 0x106).length);
  const places = Array.from({ length: header.length * 8 }, (_, place) => place);
  expect(places.filter((place) => nameIn(withFlipped(header, place), HEADER_BYTES) !== "")).toEqual([]);
  expect(places.filter((place) => nameIn(withFlipped(header, place), WITH_DATA) !== undefined)).toEqual([]);
});
