import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { databaseDirectory } from "../../src/database-directory.js";
import { freshPath } from "../fixtures/databases.js";
import { filesOf, MAIN, WAL } from "../fixtures/pool.js";
import { VfsTab, rowsOf } from "../fixtures/vfs.js";

const TABLE = "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b TEXT UNIQUE)";
const INSERT = "INSERT INTO t(a, b) VALUES (hex(randomblob(300)), hex(randomblob(16)))";
const many = (count: number, from = 1) =>
  `INSERT INTO t(a, b) WITH n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${from + count - 1})
   SELECT hex(randomblob(300)), 'row ' || i FROM n`;
const COUNT = "SELECT count(*) FROM t";
const CHECK = "PRAGMA integrity_check";

let path: string;
let tab: VfsTab;

async function openMain(journal: "wal" | "delete" = "wal"): Promise<VfsTab> {
  const opened = await VfsTab.open(path);
  rowsOf(await opened.vfs.open(MAIN, journal));
  return opened;
}

/** The same files in a new worker, after the last one was killed. */
async function dieAndReopen(journal: "wal" | "delete" = "wal"): Promise<VfsTab> {
  tab.kill();
  tab = await openMain(journal);
  return tab;
}

beforeEach(() => {
  path = freshPath();
});

describe("a commit in WAL mode", () => {
  beforeEach(async () => {
    tab = await openMain();
    await tab.rows(MAIN, TABLE);
    await tab.vfs.calls();
  });

  test("is one write, however many pages it has changed", async () => {
    for (const sql of [INSERT, INSERT, many(500), "UPDATE t SET a = 'x' WHERE id = 3"]) {
      await tab.rows(MAIN, sql);
      expect(await tab.vfs.calls()).toEqual({ read: 0, write: 1, flush: 0, truncate: 0 });
    }
    await tab.rows(MAIN, "BEGIN", INSERT, "SAVEPOINT s", INSERT, "ROLLBACK TO s", INSERT, "RELEASE s", "COMMIT");
    expect(await tab.vfs.calls()).toMatchObject({ write: 1 });
  });

  test("that is larger than a megabyte is written in megabytes", async () => {
    // What a checkpoint writes is another matter.
    await tab.rows(MAIN, "PRAGMA wal_autocheckpoint=0", many(4000));
    const { write } = await tab.vfs.calls();
    const size = (await filesOf(path)).get(WAL)!.size;
    expect(size).toBeGreaterThan(2_500_000);
    expect(write).toBeLessThanOrEqual(Math.ceil(size / 1_000_000) + 1);
  });

  test("is one write and one flush with synchronous=FULL", async () => {
    await tab.rows(MAIN, "PRAGMA synchronous=FULL", INSERT);
    await tab.vfs.calls();
    await tab.rows(MAIN, INSERT);
    expect(await tab.vfs.calls()).toEqual({ read: 0, write: 1, flush: 1, truncate: 0 });
  });

  test("is there after the worker was killed", async () => {
    for (let count = 0; count < 20; count++) await tab.rows(MAIN, INSERT);
    await dieAndReopen();
    expect(await tab.rows(MAIN, COUNT)).toEqual([[20]]);
    expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
  });

  test("is there also when its pages were written, read back and written again before it", async () => {
    await tab.rows(MAIN, "PRAGMA cache_size=5", many(2000));
    for (const value of ["x", "y"]) {
      const update = `UPDATE t SET a = '${value}' || id, b = '${value}' || b`;
      await tab.rows(MAIN, "BEGIN", update, "DELETE FROM t WHERE id % 7 = 0", update, many(50, 5000), COUNT, "COMMIT");
      const before = await tab.rows(MAIN, "SELECT * FROM t ORDER BY id");
      await dieAndReopen();
      expect(await tab.rows(MAIN, "SELECT * FROM t ORDER BY id")).toEqual(before);
      expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
      await tab.rows(MAIN, "PRAGMA cache_size=5", "DELETE FROM t WHERE b LIKE 'row %'");
    }
  });

  test("that has not come is not there after the worker was killed, however much of it was written", async () => {
    await tab.rows(MAIN, many(10));
    await tab.rows(MAIN, "PRAGMA cache_size=5", "BEGIN", many(3500, 100));
    expect((await filesOf(path)).get(WAL)!.size).toBeGreaterThan(2_000_000);
    await dieAndReopen();
    expect(await tab.rows(MAIN, COUNT)).toEqual([[10]]);
    expect(await tab.rows(MAIN, INSERT, COUNT)).toEqual([[11]]);
    await dieAndReopen();
    expect(await tab.rows(MAIN, COUNT)).toEqual([[11]]);
    expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
  });
});

describe("a commit whose write fails", () => {
  beforeEach(async () => {
    tab = await openMain();
    await tab.rows(MAIN, TABLE, many(10));
  });

  for (const how of ["nothing", "half", "everything"] as const) {
    const written = `with ${how} written`;
    test(`${written} leaves the database as it was, and the next one works`, async () => {
      await tab.vfs.failWrite(how);
      expect(await tab.vfs.run(MAIN, INSERT)).toMatchObject({ error: "quota" });
      expect(await tab.rows(MAIN, COUNT)).toEqual([[10]]);
      expect(await tab.rows(MAIN, INSERT, COUNT)).toEqual([[11]]);
      await dieAndReopen();
      expect(await tab.rows(MAIN, COUNT)).toEqual([[11]]);
      expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
    });

    test(`${written} is not there after a death`, async () => {
      await tab.vfs.failWrite(how);
      expect(await tab.vfs.run(MAIN, "BEGIN", INSERT, INSERT, "COMMIT")).toMatchObject({ error: "quota" });
      await dieAndReopen();
      expect(await tab.rows(MAIN, COUNT)).toEqual([[10]]);
      expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
    });

    test(`${written}, in the middle of a large one, takes nothing of it along`, async () => {
      await tab.rows(MAIN, "PRAGMA cache_size=5");
      await tab.vfs.failWrite(how, 2);
      expect(await tab.vfs.run(MAIN, "BEGIN", many(3500, 100), "COMMIT")).toMatchObject({ error: "quota" });
      // SQLite has ended the transaction by itself.
      expect(await tab.vfs.run(MAIN, "ROLLBACK")).toMatchObject({
        message: expect.stringContaining("no transaction is active"),
      });
      expect(await tab.rows(MAIN, COUNT)).toEqual([[10]]);
      expect(await tab.rows(MAIN, many(3500, 100), COUNT)).toEqual([[3510]]);
      await dieAndReopen();
      expect(await tab.rows(MAIN, COUNT)).toEqual([[3510]]);
      expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
    });
  }

  test("just after the -wal began anew leaves the database as it was", async () => {
    await tab.rows(MAIN, "PRAGMA wal_checkpoint(RESTART)");
    await tab.vfs.failWrite("everything", 1);
    expect(await tab.vfs.run(MAIN, INSERT)).toMatchObject({ error: "quota" });
    await dieAndReopen();
    expect(await tab.rows(MAIN, COUNT)).toEqual([[10]]);
    expect(await tab.rows(MAIN, INSERT, COUNT)).toEqual([[11]]);
  });

  test("does not explain a later failure of another kind", async () => {
    await tab.vfs.failWrite("nothing");
    await tab.vfs.run(MAIN, "PRAGMA wal_checkpoint(TRUNCATE)");
    expect(await tab.vfs.run(MAIN, "SELECT no_such_function()")).toMatchObject({ error: "worker-failed" });
    expect(await tab.vfs.run(MAIN, "INSERT INTO t(b) VALUES ('row 1')")).not.toMatchObject({ error: "quota" });
  });
});

describe("a checkpoint", () => {
  beforeEach(async () => {
    tab = await openMain();
    await tab.rows(MAIN, "PRAGMA wal_autocheckpoint=0", TABLE, many(4000));
  });

  test("reads and writes pages that follow each other in one go, and so does a recovery read them", async () => {
    const pages = Math.ceil((await filesOf(path)).get(WAL)!.size / 4120);
    expect(pages).toBeGreaterThan(600);
    await dieAndReopen();
    await tab.rows(MAIN, COUNT);
    expect((await tab.vfs.calls()).read).toBeLessThan(pages / 4);
    await tab.rows(MAIN, "PRAGMA wal_checkpoint(TRUNCATE)");
    const { read, write } = await tab.vfs.calls();
    expect(read).toBeLessThan(pages / 4);
    expect(write).toBeLessThan(pages / 40);
    await dieAndReopen();
    expect(await tab.rows(MAIN, COUNT)).toEqual([[4000]]);
    expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
  });

  test("that finds no room keeps nothing from being read", async () => {
    await tab.rows(MAIN, "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA cache_size=5");
    await tab.rows(MAIN, "UPDATE t SET a = hex(randomblob(300)) WHERE id % 40 = 0");
    const before = await tab.rows(MAIN, "SELECT * FROM t ORDER BY id");
    for (let write = 0; write < 50; write++) await tab.vfs.failWrite("nothing");
    expect(await tab.vfs.run(MAIN, "PRAGMA wal_checkpoint(TRUNCATE)")).toHaveProperty("error");
    expect(await tab.rows(MAIN, "SELECT * FROM t ORDER BY id")).toEqual(before);
    expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
    await tab.vfs.heal();
    expect(await tab.rows(MAIN, "PRAGMA wal_checkpoint(TRUNCATE)")).toEqual([[0, 0, 0]]);
    expect(await tab.rows(MAIN, "SELECT * FROM t ORDER BY id")).toEqual(before);
  });

  for (const how of ["nothing", "half", "everything"] as const) {
    test(`of which a write fails with ${how} written loses nothing, and the next one is whole`, async () => {
      for (const skip of [0, 1, 3]) {
        await tab.rows(MAIN, "UPDATE t SET a = hex(randomblob(300))");
        const before = await tab.rows(MAIN, "SELECT * FROM t ORDER BY id");
        await tab.vfs.failWrite(how, skip);
        expect(await tab.vfs.run(MAIN, "PRAGMA wal_checkpoint(TRUNCATE)")).toHaveProperty("error");
        await dieAndReopen();
        expect(await tab.rows(MAIN, "SELECT * FROM t ORDER BY id")).toEqual(before);
        expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
        expect(await tab.rows(MAIN, "PRAGMA wal_checkpoint(TRUNCATE)")).toEqual([[0, 0, 0]]);
        expect(await tab.rows(MAIN, "SELECT * FROM t ORDER BY id")).toEqual(before);
      }
    });
  }
});

test("VACUUM INTO flushes what it has made, and says when it could not be written", async () => {
  tab = await openMain();
  await tab.rows(MAIN, TABLE, many(10));
  await tab.vfs.calls();
  await tab.rows(MAIN, "VACUUM INTO '/copy'");
  expect((await tab.vfs.calls()).flush).toBeGreaterThan(0);
  await tab.vfs.failWrite("nothing");
  expect(await tab.vfs.run(MAIN, "VACUUM INTO '/other'")).toMatchObject({ error: "quota" });
});

test("without a journal, as an export is made, a commit says when it could not be written", async () => {
  tab = await VfsTab.open(path);
  rowsOf(await tab.vfs.open("/copy", "delete"));
  await tab.rows("/copy", "PRAGMA journal_mode=OFF", TABLE);
  await tab.vfs.failWrite("nothing");
  expect(await tab.vfs.run("/copy", many(10))).toMatchObject({ error: "quota" });
});

describe("with a rollback journal", () => {
  beforeEach(async () => {
    tab = await openMain("delete");
    await tab.rows(MAIN, TABLE, many(100));
  });

  test("what was committed is there after a death, and what was not is rolled back", async () => {
    await tab.rows(MAIN, "PRAGMA cache_size=5", "BEGIN", "UPDATE t SET a = 'torn'", many(3000, 1000));
    await dieAndReopen("delete");
    expect(await tab.rows(MAIN, "SELECT count(*), count(iif(a = 'torn', 1, NULL)) FROM t")).toEqual([[100, 0]]);
    expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
  });

  test("a commit on a full disk is rolled back", async () => {
    for (const skip of [0, 1, 2, 3]) {
      await tab.vfs.failWrite("half", skip);
      expect(await tab.vfs.run(MAIN, "UPDATE t SET a = 'torn'")).toMatchObject({ error: "quota" });
      await tab.vfs.heal();
      expect(await tab.rows(MAIN, "SELECT count(*) FROM t WHERE a = 'torn'")).toEqual([[0]]);
    }
    expect(await tab.rows(MAIN, CHECK)).toEqual([["ok"]]);
  });

  test("its journal's file is free again after each commit", async () => {
    expect(await tab.vfs.names()).toEqual([MAIN]);
  });
});

describe("the pool", () => {
  test("writes nothing when an existing database is opened and read, after a close and after a death", async () => {
    tab = await openMain();
    await tab.rows(MAIN, TABLE, many(10));
    for (const end of ["close", "death"] as const) {
      if (end === "close") await tab.vfs.close();
      await dieAndReopen();
      expect(await tab.rows(MAIN, COUNT)).toEqual([[10]]);
      expect({ end, ...(await tab.vfs.calls()) }).toMatchObject({ write: 0, flush: 0, truncate: 0 });
      await tab.rows(MAIN, "UPDATE t SET a = 'x' WHERE id = 1");
    }
  });

  test("holds several databases, each with its -wal", async () => {
    tab = await VfsTab.open(path, 6);
    const names = ["/one", "/two", "/three"];
    for (const name of names) {
      rowsOf(await tab.vfs.open(name, "wal"));
      await tab.rows(name, TABLE, many(name.length));
    }
    tab.kill();
    tab = await VfsTab.open(path);
    for (const name of names) {
      rowsOf(await tab.vfs.open(name, "wal"));
      expect(await tab.rows(name, COUNT)).toEqual([[name.length]]);
    }
  });

  test("is not taken by files that were looked up before it was changed or made anew", async () => {
    const other = freshPath();
    const next = new VfsTab();
    onTestFinished(() => next.kill());
    expect(await next.vfs.find(other)).toBe(false);
    await (await VfsTab.open(other)).vfs.close();
    expect(await next.vfs.find(other)).toBe(true);
    expect(await next.vfs.isAsFound()).toBe(true);
    // A later version needs more files.
    await (await VfsTab.open(other, 8)).vfs.close();
    expect(await next.vfs.isAsFound(8)).toBe(false);
    expect(await next.vfs.find(other)).toBe(true);
    expect(await next.vfs.isAsFound(8)).toBe(true);
    await (await databaseDirectory(other)).removeEntry(".opaque", { recursive: true });
    expect(await next.vfs.isAsFound(8)).toBe(false);
    await (await VfsTab.open(other, 8)).vfs.close();
    expect(await next.vfs.isAsFound(8)).toBe(false);
  });

  test("says so when it has no file left, and has one when another was deleted", async () => {
    tab = await VfsTab.open(path, 2);
    rowsOf(await tab.vfs.open("/one", "wal"));
    await tab.rows("/one", TABLE);
    expect(await tab.vfs.open("/two", "wal")).toMatchObject({
      error: "worker-failed",
      message: expect.stringContaining("/one, /one-wal"),
    });
    expect(await tab.rows("/one", INSERT, COUNT)).toEqual([[1]]);
    await tab.vfs.close();
    tab.kill();
    tab = await VfsTab.open(path, 2);
    expect(await tab.vfs.names()).toEqual(["/one"]);
    expect(rowsOf(await tab.vfs.open("/two", "delete"))).toEqual([["delete"]]);
  });

  test("is one worker's: another gets none of its files, and all once it is closed", async () => {
    tab = await openMain();
    await tab.rows(MAIN, TABLE, many(10));
    const other = new VfsTab();
    expect(await other.vfs.openPool(path)).toBe("held");
    expect(await tab.rows(MAIN, INSERT, COUNT)).toEqual([[11]]);
    await tab.vfs.close();
    expect(await other.vfs.openPool(path)).toBe("open");
    rowsOf(await other.vfs.open(MAIN, "wal"));
    expect(await other.rows(MAIN, COUNT)).toEqual([[11]]);
    other.kill();
  });

  test("keeps databases whole through VACUUM and VACUUM INTO", async () => {
    tab = await openMain();
    await tab.rows(MAIN, TABLE, many(3000), "DELETE FROM t WHERE id % 3 > 0");
    await tab.rows(MAIN, "VACUUM INTO '/copy'", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)");
    rowsOf(await tab.vfs.open("/copy", "delete"));
    for (const name of [MAIN, "/copy"]) {
      expect(await tab.rows(name, COUNT)).toEqual([[1000]]);
      expect(await tab.rows(name, CHECK)).toEqual([["ok"]]);
    }
    const files = await filesOf(path);
    expect([...files.keys()].sort()).toEqual(["/copy", MAIN, WAL]);
    await dieAndReopen();
    expect(await tab.rows(MAIN, COUNT)).toEqual([[1000]]);
  });

  test("takes a file in which nothing is for an empty database, and forgets it when nothing was written", async () => {
    tab = await VfsTab.open(path);
    rowsOf(await tab.vfs.open("/empty", "wal"));
    rowsOf(await tab.vfs.open("/read", "delete"));
    expect(await tab.rows("/read", "SELECT count(*) FROM sqlite_schema")).toEqual([[0]]);
    await tab.vfs.close();
    expect([...(await filesOf(path)).keys()]).not.toContain("/read");
  });
});
