import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.js";

// A file of the pool begins with 512 bytes of name, 4 of flags and 8 of a digest; the data begin at 4096.

/** Bytes of the header, and bits in them, that are flipped one at a time. */
const NAMED_FILE: readonly (readonly [byte: number, bit: number])[] = [
  [0, 0],
  [0, 7],
  [8, 5],
  [15, 1],
  [16, 2],
  [21, 0],
  [300, 4],
  [511, 7],
  [512, 0],
  [514, 0],
  [514, 3],
  [515, 7],
  [516, 0],
  [519, 5],
  [520, 2],
  [523, 7],
];
const FREE_FILE: typeof NAMED_FILE = [
  [0, 0],
  [5, 6],
  [514, 0],
  [515, 7],
  [518, 1],
];

/** Leaves a database as one whose tab died: with a part of its messages in the -wal alone. */
async function writeAndDie(page: Page): Promise<string[]> {
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("in the main file"));
  await page.evaluate(() => harness.connection!.export());
  await page.evaluate(() => harness.append("in the -wal"));
  await page.reload();
  return ["in the main file", "in the -wal"];
}

for (const [name, bits] of [
  ["/history.sqlite", NAMED_FILE],
  ["/history.sqlite-wal", NAMED_FILE],
  ["", FREE_FILE],
] as const) {
  const what = name === "" ? "a free pool file" : name;
  test(`with any of ${bits.length} bits flipped in the header of ${what}, the database opens whole, or is corrupt and all its bytes are kept`, async ({
    context,
    site,
  }) => {
    const page = await site.openTab(context);
    const texts = await writeAndDie(page);
    await page.evaluate(() => harness.pool.takeSnapshot());
    for (const [byte, bit] of bits) {
      await page.evaluate(([file, at, place]) => harness.pool.flip(file, at, place), [name, byte, bit] as const);
      const { code, outcome, message } = await page.evaluate(() => harness.rejection(harness.open()));
      if (code === "none") {
        expect(await page.evaluate(() => harness.texts()), `byte ${byte}, bit ${bit}`).toEqual(texts);
        await page.evaluate(() => harness.close());
      } else {
        expect({ code, outcome }, `byte ${byte}, bit ${bit}: ${message}`).toEqual({
          code: "corrupt",
          outcome: "not-applied",
        });
        expect(await page.evaluate(() => harness.pool.changedFiles()), `byte ${byte}, bit ${bit}`).toEqual([]);
      }
      await page.evaluate(() => harness.pool.restore());
    }
    await page.evaluate(() => harness.open());
    expect(await page.evaluate(() => harness.texts())).toEqual(texts);
  });
}

test("a pool file whose removal was cut short by a death does not keep the database from opening", async ({
  context,
  site,
}) => {
  const page = await site.openTab(context);
  const texts = await writeAndDie(page);
  await page.evaluate(() => harness.pool.takeSnapshot());
  for (const step of ["name and flags cleared", "digest cleared too"] as const) {
    await page.evaluate((reached) => harness.pool.cutRemovalShort(reached === "digest cleared too"), step);
    expect(await page.evaluate(() => harness.rejection(harness.open())), step).toMatchObject({ code: "none" });
    expect(await page.evaluate(() => harness.texts())).toEqual(texts);
    await page.evaluate(() => harness.close());
    await page.evaluate(() => harness.pool.restore());
  }
});

test("a database that has lost its main file's name is corrupt for every tab, also for one that takes over", async ({
  context,
  site,
}) => {
  const page = await site.openTab(context);
  await writeAndDie(page);
  await page.evaluate(() => harness.pool.takeSnapshot());
  await page.evaluate(() => harness.pool.flip("/history.sqlite", 3, 1));
  const other = await site.openTab(context);
  for (const tab of [page, other, page]) {
    expect(await tab.evaluate(() => harness.rejection(harness.open()))).toMatchObject({ code: "corrupt" });
  }
  expect(await page.evaluate(() => harness.pool.changedFiles())).toEqual([]);
});
