import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { applyWal, committedPages } from "../../worker/import/wal-file.js";

const golden = (name: string): Buffer<ArrayBuffer> =>
  Buffer.from(readFileSync(new URL(`../fixtures/golden/${name}`, import.meta.url)));
const DATABASE = golden("wal.db");
const WAL = golden("wal.db-wal");
const GOLDEN_PAGE = 4096;

async function chunksOf(database: Uint8Array, wal: Uint8Array): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of applyWal(new Blob([Buffer.from(database)]), new Blob([Buffer.from(wal)])))
    chunks.push(chunk);
  return chunks;
}

async function apply(database: Uint8Array, wal: Uint8Array): Promise<Buffer> {
  return Buffer.concat(await chunksOf(database, wal));
}

/** What differs, in a word: comparing megabytes with `toEqual` takes seconds. */
function compare(actual: Buffer, expected: Buffer): string {
  return actual.equals(expected)
    ? "the same"
    : `${actual.length} bytes that differ from the expected ${expected.length}`;
}

interface Frame {
  readonly page: number;
  /** Every byte of the page. */
  readonly fill: number;
  /** The size of the database in pages, in the last frame of a transaction. */
  readonly commit?: number;
  readonly salt?: number;
}

/** A log as SQLite writes it; on a machine of the other byte order with `bigEndian`. */
function makeWal(pageSize: number, frames: readonly Frame[], bigEndian = false): Buffer {
  const wal = Buffer.alloc(32 + frames.length * (24 + pageSize));
  const sums: [number, number] = [0, 0];
  const add = (from: number, to: number): void => {
    for (let at = from; at < to; at += 8) {
      const word = (offset: number): number => (bigEndian ? wal.readUInt32BE(offset) : wal.readUInt32LE(offset));
      sums[0] = (sums[0] + word(at) + sums[1]) >>> 0;
      sums[1] = (sums[1] + word(at + 4) + sums[0]) >>> 0;
    }
  };
  const put = (at: number, words: readonly number[]): number =>
    words.reduce((offset, word) => wal.writeUInt32BE(word, offset), at);
  put(0, [bigEndian ? 0x377f0683 : 0x377f0682, 3_007_000, pageSize, 0, 11, 12]);
  add(0, 24);
  put(24, sums);
  for (const [index, { page, fill, commit = 0, salt = 11 }] of frames.entries()) {
    const at = 32 + index * (24 + pageSize);
    put(at, [page, commit, salt, 12]);
    wal.fill(fill, at + 24, at + 24 + pageSize);
    add(at, at + 8);
    add(at + 24, at + 24 + pageSize);
    put(at + 16, sums);
  }
  return wal;
}

/** A database whose pages are filled with one byte each, but for the page size in the header. */
function makeDatabase(pageSize: number, fills: readonly number[]): Buffer {
  const database = Buffer.concat(fills.map((fill) => Buffer.alloc(pageSize, fill)));
  database.writeUInt16BE(pageSize === 65_536 ? 1 : pageSize, 16);
  return database;
}

describe("the golden pair", () => {
  const frameBytes = 24 + GOLDEN_PAGE;
  const frameCount = (WAL.length - 32) / frameBytes;
  const commits = Array.from({ length: frameCount }, (_, index) => WAL.readUInt32BE(32 + index * frameBytes + 4));

  test("gives an intact image with the rows that lie only in the -wal", async () => {
    const image = await apply(DATABASE, WAL);
    expect(image.toString("latin1", 0, 15)).toBe("SQLite format 3");
    expect(image.length).toBe(image.readUInt32BE(28) * GOLDEN_PAGE);
    expect(image.includes("this whole session exists only in the -wal")).toBe(true);
    expect(DATABASE.includes("this whole session exists only in the -wal")).toBe(false);
  });

  test("tells where the newest content of each page lies", async () => {
    const { pageSize, pages, pageCount } = await committedPages(new Blob([WAL]));
    expect({ pageSize, pageCount }).toEqual({ pageSize: GOLDEN_PAGE, pageCount: commits.findLast((size) => size > 0) });
    for (const [page, offset] of pages) {
      expect(WAL.readUInt32BE(offset - 24)).toBe(page);
      expect(offset).toBeLessThanOrEqual(32 + (commits.findLastIndex((size) => size > 0) + 1) * frameBytes);
    }
  });

  test("is recovered to the last whole commit wherever the -wal is cut", async () => {
    for (let frame = 0; frame <= frameCount; frame++) {
      const boundary = 32 + frame * frameBytes;
      const lastCommit = commits.slice(0, frame).findLastIndex((size) => size > 0);
      const whole = await apply(DATABASE, WAL.subarray(0, 32 + (lastCommit + 1) * frameBytes));
      expect(whole.length).toBe(lastCommit === -1 ? DATABASE.length : commits[lastCommit]! * GOLDEN_PAGE);
      expect(compare(await apply(DATABASE, WAL.subarray(0, boundary)), whole)).toBe("the same");
      expect(compare(await apply(DATABASE, WAL.subarray(0, boundary + 1)), whole)).toBe("the same");
      expect(compare(await apply(DATABASE, WAL.subarray(0, boundary + frameBytes - 1)), whole)).toBe(
        frame < frameCount ? "the same" : compare(await apply(DATABASE, WAL), whole),
      );
    }
  });

  test("is recovered to the last commit before a damaged frame", async () => {
    for (let frame = 0; frame < frameCount; frame++) {
      const before = await apply(DATABASE, WAL.subarray(0, 32 + frame * frameBytes));
      for (const at of [0, 4, 8, 12, 16, 20, 24, frameBytes - 1]) {
        const damaged = Buffer.from(WAL);
        damaged[32 + frame * frameBytes + at]! ^= 0x10;
        expect(compare(await apply(DATABASE, damaged), before)).toBe("the same");
      }
    }
  });

  test.each([8, 16, 20, 24, 28])("is the database alone when byte %i of the -wal's header is damaged", async (at) => {
    const damaged = Buffer.from(WAL);
    damaged[at]! ^= 1;
    expect(compare(await apply(DATABASE, damaged), DATABASE)).toBe("the same");
  });
});

describe("a -wal file", () => {
  test.each([0, 3, 4, 31, 32])("of %i bytes leaves the database as it is", async (bytes) => {
    expect(compare(await apply(DATABASE, WAL.subarray(0, bytes)), DATABASE)).toBe("the same");
    const { pages, pageCount } = await committedPages(new Blob([WAL.subarray(0, bytes)]));
    expect([pages.size, pageCount]).toEqual([0, 0]);
  });

  test.each([
    ["text", Buffer.from("not a log, but a text of more than 32 bytes")],
    ["a database", DATABASE],
    ["zeros", Buffer.alloc(5000)],
  ])("that is %s is refused", async (_, wal) => {
    await expect(apply(DATABASE, wal)).rejects.toMatchObject({ code: "not-a-database" });
  });

  test.each([
    ["little", false],
    ["big", true],
  ])("may come from a %s-endian machine", async (_, bigEndian) => {
    const wal = makeWal(512, [{ page: 2, fill: 7, commit: 2 }], bigEndian);
    expect((await apply(makeDatabase(512, [1, 1]), wal)).subarray(512)).toEqual(Buffer.alloc(512, 7));
  });

  test("gives the newest committed content of a page", async () => {
    const wal = makeWal(1024, [
      { page: 2, fill: 2 },
      { page: 2, fill: 3, commit: 3 },
      { page: 3, fill: 4 },
      { page: 2, fill: 5, commit: 3 },
      { page: 2, fill: 6 },
    ]);
    const image = await apply(makeDatabase(1024, [1, 1, 1]), wal);
    expect([image[0], image[1024], image[2048], image.length]).toEqual([1, 5, 4, 3072]);
  });

  test("ends where frames of an earlier round begin", async () => {
    const wal = makeWal(512, [
      { page: 1, fill: 2, commit: 2 },
      { page: 2, fill: 3, commit: 2, salt: 10 },
    ]);
    const image = await apply(makeDatabase(512, [1, 1]), wal);
    expect([image[0], image[512]]).toEqual([2, 1]);
  });

  test("makes the database larger, and fills what no one wrote with zeros", async () => {
    const wal = makeWal(512, [{ page: 4, fill: 2, commit: 4 }]);
    const image = await apply(makeDatabase(512, [1, 1]), wal);
    expect([image.length, image[512], image[1024], image[1536]]).toEqual([2048, 1, 0, 2]);
  });

  test("makes the database smaller, also than pages that it holds", async () => {
    const wal = makeWal(512, [
      { page: 3, fill: 2, commit: 3 },
      { page: 1, fill: 4, commit: 1 },
    ]);
    expect(compare(await apply(makeDatabase(512, [1, 1, 1]), wal), Buffer.alloc(512, 4))).toBe("the same");
  });

  test("may have the largest page size", async () => {
    const wal = makeWal(65_536, [{ page: 2, fill: 9, commit: 2 }]);
    const image = await apply(makeDatabase(65_536, [1, 1]), wal);
    expect([image[0], image[65_536], image.length]).toEqual([1, 9, 131_072]);
  });

  test("is refused beside a database of another page size, an empty one, or a much shorter one", async () => {
    const wal = makeWal(512, [{ page: 1, fill: 2, commit: 0xffffffff }]);
    await expect(apply(makeDatabase(1024, [1, 1]), wal)).rejects.toMatchObject({ code: "corrupt" });
    await expect(apply(Buffer.alloc(0), wal)).rejects.toMatchObject({ code: "corrupt" });
    await expect(apply(makeDatabase(512, [1, 1]), wal)).rejects.toMatchObject({ code: "corrupt" });
  });

  test("is applied in chunks of 1 MiB to a large database", async () => {
    const fills = Array.from({ length: 1500 }, (_, page) => page % 200);
    const database = makeDatabase(4096, fills);
    const frames = Array.from({ length: 700 }, (_, index) => ({
      page: ((index * 7) % 1500) + 1,
      fill: 200 + (index % 50),
    }));
    const chunks = await chunksOf(database, makeWal(4096, [...frames, { page: 1501, fill: 255, commit: 1501 }]));
    for (const { page, fill } of frames) database.fill(fill, (page - 1) * 4096, page * 4096);
    expect(compare(Buffer.concat(chunks), Buffer.concat([database, Buffer.alloc(4096, 255)]))).toBe("the same");
    expect(chunks.map((chunk) => chunk.length)).toEqual([...Array.from({ length: 5 }, () => 1_048_576), 905_216]);
  });
});
