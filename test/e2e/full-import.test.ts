import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, type Site, test } from "./fixtures.js";
import { MemoryWatch } from "./memory.js";
import { PYTHON, PYTHON_OPTIONS } from "../python/python.js";

// FULL=1 npx playwright test full-import: what an import and an export of 300 MB take from others, in memory and in time.

const SHAPES = {
  "100 sessions of 300 messages of 10 KB": [100, 300, 10_000],
  "10,000 sessions of 30 messages of 1 KB": [10_000, 30, 700],
  "1,000,000 messages of 100 bytes": [1000, 1000, 40],
} as const;

/** The most that a process may grow by, in MiB, and a call of another tab may wait, in milliseconds. */
const MEMORY = 150;
const WAIT = 250;

for (const [name, shape] of Object.entries(SHAPES)) {
  test.describe(name, () => {
    test.setTimeout(600_000);
    let folder: string;
    let file: string;

    test.beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "axio-context-opfs-full-"));
      file = join(folder, "large.db");
      execFileSync(PYTHON, [
        ...PYTHON_OPTIONS,
        join(import.meta.dirname, "../python/large.py"),
        file,
        ...shape.map(String),
      ]);
      console.log(`${Math.round(statSync(file).size / 1e6)} MB`);
    });

    test.afterAll(() => rmSync(folder, { recursive: true }));

    async function openTab(page: Page, site: Site): Promise<void> {
      page.on("console", (m) => console.log(m.text()));
      await page.goto(site.url("page"));
      await page.evaluate(() => harness.open());
      await page.evaluate(() => document.body.append(Object.assign(document.createElement("input"), { type: "file" })));
    }

    /** Others write, also to sessions of the file, while the import goes on. */
    function disturb(page: Page): Promise<void> {
      return page.evaluate(() => {
        let turn = 0;
        harness.latency.start(harness.storeOf("mine"), () => harness.fileSession(turn++ % 50));
      });
    }

    for (const importer of ["owner", "follower"] as const) {
      test(`is imported by the ${importer}'s tab, exported and imported again`, async ({ profile, site }) => {
        const context = await profile.launch();
        const tabs = [await context.newPage(), await context.newPage()] as const;
        for (const tab of tabs) await openTab(tab, site);
        const [page, other] = importer === "owner" ? tabs : [tabs[1], tabs[0]];
        await page.setInputFiles("input", file);
        const memory = new MemoryWatch(profile.folder);
        await memory.start();
        await disturb(other);
        let begun = performance.now();
        await page.evaluate(() => harness.importing.beginWithInput());
        const summary = await page.evaluate(() => harness.importing.ended());
        const importTime = performance.now() - begun;
        begun = performance.now();
        const size = await page.evaluate(async () => (await harness.connection!.export()).size);
        const waits = await other.evaluate(() => harness.latency.stop());
        const growth = memory.stop();
        console.log(importer, { summary, importTime, exportTime: performance.now() - begun, size, waits, growth });
        expect(await other.evaluate(() => harness.lost())).toEqual([]);
        expect(growth[0]).toBeLessThan(MEMORY);
        expect(waits.max).toBeLessThan(WAIT);
      });

      test(`is aborted by the ${importer}'s tab near its end`, async ({ profile, site }) => {
        const context = await profile.launch();
        const tabs = [await context.newPage(), await context.newPage()] as const;
        for (const tab of tabs) await openTab(tab, site);
        const [page, other] = importer === "owner" ? tabs : [tabs[1], tabs[0]];
        await page.setInputFiles("input", file);
        await disturb(other);
        await page.evaluate(() => harness.importing.beginWithInput());
        await page.evaluate(async () => {
          await harness.importing.reached(0.8);
          harness.importing.abort();
        });
        const ended = await page.evaluate(() => harness.importing.ended());
        const waits = await other.evaluate(() => harness.latency.stop());
        console.log(importer, { ended, waits });
        expect(await other.evaluate(() => harness.lost())).toEqual([]);
        expect(await other.evaluate(() => harness.brought())).toBe(0);
        expect(waits.max).toBeLessThan(WAIT);
      });
    }

    test("is gone after the tab that imports and owns was closed near its end", async ({ profile, site }) => {
      const context = await profile.launch();
      const [page, other] = [await context.newPage(), await context.newPage()];
      for (const tab of [page, other]) await openTab(tab, site);
      await page.setInputFiles("input", file);
      await page.evaluate(() => harness.importing.beginWithInput());
      await page.evaluate(() => harness.importing.reached(0.8));
      await disturb(other);
      await page.close();
      await other.evaluate(() => harness.untilNothingBrought());
      const waits = await other.evaluate(() => harness.latency.stop());
      console.log({ waits });
      expect(await other.evaluate(() => harness.lost())).toEqual([]);
      expect(await other.evaluate(() => harness.brought())).toBe(0);
      expect(waits.max).toBeLessThan(WAIT);
    });
  });
}
