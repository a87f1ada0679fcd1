import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryHandle } from "../../worker/vfs/memory-handle.js";
import { PageBuffer } from "../../worker/vfs/page-buffer.js";
import type { SyncHandle, VfsFile } from "../../worker/vfs/pool-file.js";
import { ReadAhead } from "../../worker/vfs/read-ahead.js";
import { WalBuffer } from "../../worker/vfs/wal-buffer.js";

const PAGE = 4096;
const FRAME = 4120;
const BLOCK = 64 * 1024;

/** A file that counts its calls, and fails those that it is told to. */
class CountedFile implements VfsFile {
  readonly handle: SyncHandle = new MemoryHandle();
  readonly writes: (readonly [at: number, length: number])[] = [];
  reads = 0;
  flushes = 0;
  isFull = false;

  read(into: Uint8Array, at: number): number {
    this.reads++;
    return this.handle.read(into, { at });
  }

  write(bytes: Uint8Array, at: number): void {
    if (this.isFull) throw new DOMException("full", "QuotaExceededError");
    this.writes.push([at, bytes.length]);
    this.handle.write(bytes, { at });
  }

  size(): number {
    return this.handle.getSize();
  }

  truncate(size: number): void {
    this.handle.truncate(size);
  }

  flush(): void {
    this.flushes++;
  }
}

function page(value: number, length: number = PAGE): Uint8Array {
  return new Uint8Array(length).fill(value);
}

function contents(file: Pick<VfsFile, "read" | "size">): Uint8Array {
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0);
  return bytes;
}

/** A character per byte: megabytes are compared at once, and not one by one. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer).toString("latin1");
}

describe("PageBuffer", () => {
  test("writes pages that follow each other in one go, before the flush that SQLite asks for", () => {
    const file = new CountedFile();
    const buffer = new PageBuffer(file);
    for (const number of [0, 1, 2, 7, 8]) buffer.write(page(number), number * PAGE);
    expect(buffer.size()).toBe(9 * PAGE);
    buffer.flush();
    const written = [
      [0, 3 * PAGE],
      [7 * PAGE, 2 * PAGE],
    ];
    expect([file.writes, file.flushes]).toEqual([written, 1]);
    buffer.flush();
    expect([file.writes, file.flushes]).toEqual([written, 2]);
  });

  test("gathers no more than half a megabyte", () => {
    const file = new CountedFile();
    const buffer = new PageBuffer(file);
    for (let number = 0; number < 300; number++) buffer.write(page(number % 251), number * PAGE);
    expect(file.writes).toEqual([
      [0, 128 * PAGE],
      [128 * PAGE, 128 * PAGE],
    ]);
    buffer.writeGathered();
    expect(file.writes.at(-1)).toEqual([256 * PAGE, 44 * PAGE]);
  });

  test("what could not be written fails every flush until it has been written, in its place, and no read", () => {
    const file = new CountedFile();
    const buffer = new PageBuffer(file);
    buffer.write(page(1), 0);
    file.isFull = true;
    expect(() => buffer.flush()).toThrow("full");
    expect(contents(buffer)).toEqual(page(1));
    expect(() => buffer.write(page(2), 5 * PAGE)).toThrow("full");
    expect(() => buffer.truncate(PAGE)).toThrow("full");
    expect(() => buffer.flush()).toThrow("full");
    expect(file.flushes).toBe(0);
    file.isFull = false;
    buffer.write(page(3), 0);
    buffer.flush();
    expect(file.writes).toEqual([
      [0, PAGE],
      [0, PAGE],
    ]);
    expect(contents(file)).toEqual(page(3));
  });
});

describe("ReadAhead", () => {
  function opened(length: number) {
    const file = new CountedFile();
    file.write(
      Uint8Array.from({ length }, (_, at) => (at * 7919) % 253),
      0,
    );
    return { file, ahead: new ReadAhead((into, at) => file.read(into, at)) };
  }

  test("a -wal is read frame by frame in a sixteenth of the calls", () => {
    const { file, ahead } = opened(32 + 160 * FRAME);
    for (let frame = 0; frame < 160; frame++) ahead.read(new Uint8Array(FRAME), 32 + frame * FRAME);
    expect(file.reads).toBeLessThanOrEqual(13);
  });

  test("pages are read backwards as well; one that is far from the last is read alone", () => {
    const { file, ahead } = opened(64 * PAGE);
    for (let number = 63; number >= 0; number--) ahead.read(page(0), number * PAGE);
    expect(file.reads).toBe(5);
    ahead.forget();
    const lengths: number[] = [];
    const far = new ReadAhead((into, at) => {
      lengths.push(into.length);
      return file.read(into, at);
    });
    for (const number of [0, 40, 10, 60]) far.read(page(0), number * PAGE);
    expect(lengths).toEqual([PAGE, PAGE, PAGE, PAGE]);
  });
});

test("a -wal and a database are read as they are while the disk is full", () => {
  for (const Kind of [PageBuffer, WalBuffer]) {
    const file = new CountedFile();
    const buffer = new Kind(file);
    const header = page(1, Kind === WalBuffer ? 32 : PAGE);
    buffer.write(header, 0);
    buffer.flush();
    file.isFull = true;
    buffer.write(page(2, 24), header.length);
    const expected = new Uint8Array([...header, ...page(2, 24)]);
    expect(contents(buffer)).toEqual(expected);
    const across = new Uint8Array(40);
    expect(buffer.read(across, header.length - 8)).toBe(32);
    expect(across.subarray(0, 32)).toEqual(expected.subarray(header.length - 8));
    expect(buffer.read(new Uint8Array(8), expected.length)).toBe(0);
  }
});

test("whatever is read, written and cut off through both is what a plain file would have", () => {
  const place = fc.nat({ max: 40 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("write"), at: place, value: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant("read"), at: place, length: fc.constantFrom(16, PAGE, FRAME, 3 * PAGE, 2 * BLOCK) }),
    fc.record({ kind: fc.constant("truncate"), at: place }),
    fc.record({ kind: fc.constant("flush") }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const below = new CountedFile();
      const ahead = new ReadAhead((into, at) => below.read(into, at));
      const buffer = new PageBuffer({
        read: (into, at) => ahead.read(into, at),
        write(bytes, at) {
          ahead.forget();
          below.write(bytes, at);
        },
        size: () => below.size(),
        truncate(size) {
          ahead.forget();
          below.truncate(size);
        },
        flush: () => below.flush(),
      });
      const model = new CountedFile();
      const results = [buffer, model].map((file) =>
        steps.map((one) => {
          if (one.kind === "write") file.write(page(one.value), one.at * PAGE);
          if (one.kind === "truncate") file.truncate(Math.min(file.size(), one.at * PAGE));
          if (one.kind === "flush") file.flush();
          if (one.kind !== "read") return file.size();
          const into = new Uint8Array(one.length);
          return [file.read(into, one.at * PAGE), textOf(into)];
        }),
      );
      expect(results[0]).toEqual(results[1]);
      expect(textOf(contents(buffer))).toBe(textOf(contents(model)));
    }),
  );
});
