import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WriteBack } from "../../worker/owner/write-back.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import type { Storage } from "../../worker/storage/storage.js";
import { SteadyWriter } from "../../worker/vfs/steady-writer.js";

const MB = 1024 * 1024;

describe("a -wal", () => {
  let storage: Storage;
  let writeBack: WriteBack;

  beforeEach(async () => {
    vi.useFakeTimers();
    storage = await openMemoryStorage();
    storage.database.run("CREATE TABLE t(text TEXT)");
    writeBack = new WriteBack(storage);
  });

  afterEach(() => {
    writeBack.stop();
    storage.release();
    vi.useRealTimers();
  });

  const write = (bytes: number) => storage.database.run("INSERT INTO t VALUES (?)", "x".repeat(bytes));

  test("that has grown long is written back between two calls, and begun anew by the next", () => {
    write(MB);
    writeBack.check();
    vi.runOnlyPendingTimers();
    expect(storage.walBytes()).toBeGreaterThan(MB);
    for (let round = 0; round < 5; round++) {
      write((3 + round) * MB);
      writeBack.check();
      expect(storage.walBytes()).toBeGreaterThan(3 * MB);
      vi.runOnlyPendingTimers();
      write(1);
      expect(storage.walBytes()).toBeLessThan(MB);
    }
  });

  test("is written back, and emptied, once nothing has happened for a while", () => {
    write(MB);
    writeBack.putOff();
    vi.advanceTimersByTime(1900);
    writeBack.putOff();
    vi.advanceTimersByTime(1900);
    expect(storage.walBytes()).toBeGreaterThan(MB);
    vi.advanceTimersByTime(200);
    expect(storage.walBytes()).toBe(0);
  });
});

test("a large file is flushed now and then while it is written, with all that was written before", () => {
  const done: (number | "flush")[] = [];
  const writer = new SteadyWriter({
    write: (bytes, at) => done.push(at + bytes.length),
    flush: () => done.push("flush"),
  });
  for (let chunk = 0; chunk < 10; chunk++) writer.write(new Uint8Array(MB));
  expect(writer.size).toBe(10 * MB);
  const flushes = done.flatMap((each, place) => (each === "flush" ? [place] : []));
  expect(flushes).toEqual([2, 5, 8, 11, 14]);
});
