import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.js";
import type { Opening } from "./page/harness.js";
import type { Damage } from "./page/pool.js";

// A file of the pool begins with 512 bytes of name, 4 of flags and 8 of a digest; the data begin at 4096.

// ALL_HEADER_BITS=1 npx playwright test faults-headers: every bit of every header, too.

type Bits = readonly (readonly [byte: number, bit: number])[];

/** Bytes of the header, and bits in them, that are flipped one at a time. A unit test has what all of them name. */
const NAMED_FILE: Bits = [
  [0, 7],
  [515, 7],
];
const FREE_FILE: Bits = [
  [5, 6],
  [518, 1],
];

/** Leaves a database as one whose tab died: with a part of its messages in the -wal alone. */
async function writeAndDie(page: Page): Promise<string[]> {
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("in the main file"));
  await page.evaluate(() => harness.connection!.export());
  await page.evaluate(() => harness.append("in the -wal"));
  // The search index has a file of its own once it has been asked for.
  await page.evaluate(() => harness.connection!.search("main"));
  await page.reload();
  return ["in the main file", "in the -wal"];
}

/** The database has opened whole, or is corrupt and every file is left as it is, and can be rescued. */
function expectWholeOrCorrupt(opening: Opening, texts: readonly string[], what: string): void {
  const { code, message } = opening;
  const advice: unknown = expect.stringContaining("rescueDatabase");
  const expected =
    code === "none" ? { code, texts } : { code: "corrupt", message: advice, changed: [], notRescued: [] };
  expect(opening, `${what}: ${message}`).toMatchObject(expected);
}

for (const [name, bits] of [
  ["/history.sqlite", NAMED_FILE],
  ["/history.sqlite-wal", NAMED_FILE],
  ["/search.sqlite", NAMED_FILE.slice(0, 1)],
  ["", FREE_FILE],
] as const) {
  const what = name === "" ? "a free pool file" : name;
  test(`with any of ${bits.length} bits flipped in the header of ${what}, the database opens whole, or is corrupt and all its bytes are kept`, async ({
    context,
    site,
  }) => {
    const page = await site.openTab(context);
    const texts = await writeAndDie(page);
    await page.evaluate(() => harness.pool.takeOriginal());
    const openings = await page.evaluate(([file, flips]) => harness.tryBits(file, flips), [name, bits] as const);
    for (const [place, opening] of openings.entries()) {
      expectWholeOrCorrupt(opening, texts, `byte and bit ${String(bits[place])}`);
    }
    await page.evaluate(() => harness.open());
    expect(await page.evaluate(() => harness.texts())).toEqual(texts);
  });

  test(`with any bit at all flipped in the header of ${what}, an owner opens the database whole, or finds it corrupt and leaves all its bytes`, async ({
    context,
    site,
  }) => {
    test.skip(process.env["ALL_HEADER_BITS"] !== "1", "takes minutes: on request");
    test.setTimeout(0);
    const page = await site.openTab(context);
    const texts = await writeAndDie(page);
    const report = await page.evaluate(([file, there]) => harness.pool.tryAllBits(file, there), [name, texts] as const);
    console.log(what, report.codes);
    expect(report.wrong).toEqual([]);
  });
}

/** What can happen to a file, other than a flipped bit, and to which. */
const DAMAGES: readonly (readonly [Damage, name: string, other?: string])[] = [
  ...["/history.sqlite", "/history.sqlite-wal", "/search.sqlite"].flatMap(
    (name): readonly (readonly [Damage, string])[] => [
      ["header zeroed", name],
      ["name and flags zeroed", name],
      ["header missing", name],
    ],
  ),
  ["second page overwritten", "/history.sqlite"],
  ["emptied", "/history.sqlite"],
  ["removed", "/history.sqlite"],
  ["cut off in the header", "/history.sqlite"],
  ["cut off behind the header", "/history.sqlite"],
  ["cut off in the data", "/history.sqlite"],
  ["cut off by a page", "/history.sqlite"],
  ["emptied", ""],
  ["removed", ""],
  ["headers swapped", "/history.sqlite", "/history.sqlite-wal"],
  ["headers swapped", "/history.sqlite", ""],
];

for (const end of ["dies", "closes"] as const) {
  test(`whatever becomes of a pool file after its tab ${end}, the database is never empty`, async ({
    context,
    site,
  }) => {
    const page = await site.openTab(context);
    const texts = await writeAndDie(page);
    if (end === "closes") {
      await page.evaluate(() => harness.open());
      await page.evaluate(() => harness.close());
    }
    await page.evaluate(() => harness.pool.takeOriginal());
    const names = await page.evaluate(() => harness.pool.names());
    expect(names).toContain("/search.sqlite");
    for (const [how, name, other = ""] of DAMAGES) {
      if (![name, other].every((wanted) => wanted === "" || names.includes(wanted))) continue;
      await page.evaluate((damage) => harness.pool.damage(...damage), [name, how, other] as const);
      expectWholeOrCorrupt(await page.evaluate(() => harness.tryToOpen()), texts, `${name || "a free file"}: ${how}`);
      await page.evaluate(() => harness.pool.restore());
    }
    for (const size of [0, 100, 4097]) {
      await page.evaluate((bytes) => harness.pool.addFile(bytes), size);
      expectWholeOrCorrupt(await page.evaluate(() => harness.tryToOpen()), texts, `a foreign file of ${size} bytes`);
      await page.evaluate(() => harness.pool.restore());
    }
    await page.evaluate(() => harness.open());
    expect(await page.evaluate(() => harness.texts())).toEqual(texts);
  });
}

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
