import { test as base, type BrowserContext, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DROPPED } from "./back-forward.js";
import { killProcessesOf } from "./processes.js";
import { type Policy, PORT_VARIABLE } from "./server.js";

export { expect } from "@playwright/test";

/** A browser of the test's own, with a profile on a disk. In a default context OPFS would be kept in memory, and go with the browser. */
export interface Profile {
  readonly folder: string;
  /** Starts the browser. After an end: again, with what it has stored. */
  launch(): Promise<BrowserContext>;
  /** Ends the browser as the system would, without a word to it. */
  kill(): Promise<void>;
}

/** The built pages, at an origin that no other test has: its storage is empty. */
export interface Site {
  url(page: SitePage, policy?: Policy): string;
  /** Opens the test page in a new tab. */
  openTab(context: BrowserContext, policy?: Policy, page?: SitePage): Promise<Page>;
  /** Opens the test page in a new tab, and the database in it. */
  openDatabase(context: BrowserContext): Promise<Page>;
  /** Something to ask the server for that it answers when the test lets go of it, or is over. */
  hold(): Hold;
}

/** The demo, the test page, and the test page of a version with the next protocol. */
type SitePage = "demo" | "page" | "next";

/** A request that waits. */
export interface Hold {
  readonly url: string;
  release(): Promise<void>;
}

interface TestFixtures {
  readonly retryOfDropped: void;
  /** For a test that ends the browser. */
  readonly profile: Profile;
  readonly site: Site;
}

interface WorkerFixtures {
  /** The browser of the tests that need none of their own: starting one takes longer than most tests. */
  readonly sharedContext: BrowserContext;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  sharedContext: [
    async ({ playwright, browserName, launchOptions }, use) => {
      const folder = await makeProfileFolder();
      const context = await playwright[browserName].launchPersistentContext(folder, launchOptions);
      await use(context);
      await context.close();
      await removeFolder(folder);
    },
    { scope: "worker" },
  ],
  // The browser may drop a page from its back/forward cache when it likes. Whatever else fails a test fails it for good.
  retryOfDropped: [
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use, { project, testId, errors }) => {
      const failed = join(project.outputDir, `${testId}.failed`);
      if (existsSync(failed)) throw new Error("Failed before, for more than a page that the browser has dropped.");
      await use();
      if (errors.every(({ message }) => message?.includes(DROPPED))) return;
      await mkdir(project.outputDir, { recursive: true });
      await writeFile(failed, "");
    },
    { auto: true },
  ],
  context: async ({ sharedContext }, use) => {
    // Firefox ends with its last tab: the one that it began with stays.
    const before = new Set(sharedContext.pages());
    await use(sharedContext);
    await Promise.all(
      sharedContext
        .pages()
        .filter((page) => !before.has(page))
        .map((page) => page.close()),
    );
  },
  page: async ({ context }, use) => use(await context.newPage()),
  profile: async ({ playwright, browserName, launchOptions }, use) => {
    const folder = await makeProfileFolder();
    let running: BrowserContext | undefined;
    await use({
      folder,
      async launch() {
        running = await playwright[browserName].launchPersistentContext(folder, launchOptions);
        return running;
      },
      async kill() {
        const closed = running!.waitForEvent("close");
        await killProcessesOf(folder);
        await closed;
        running = undefined;
      },
    });
    await running?.close();
    await removeFolder(folder);
  },
  // Playwright wants to see a pattern here, to read off it which fixtures this one needs.
  // oxlint-disable-next-line no-empty-pattern
  site: async ({}, use) => {
    // Browsers resolve every name below localhost to this machine, and trust it like localhost itself.
    const port = process.env[PORT_VARIABLE];
    const origin = `http://test-${randomUUID()}.localhost:${port}`;
    const holds: Hold[] = [];
    const url: Site["url"] = (page, policy = "plain") => `${origin}/${policy}/${page}/`;
    await use({
      url,
      async openTab(context, policy, name = "page") {
        const page = await context.newPage();
        await page.goto(url(name, policy));
        return page;
      },
      async openDatabase(context) {
        const page = await this.openTab(context);
        await page.evaluate(() => harness.open());
        return page;
      },
      hold() {
        const id = randomUUID();
        const release = async () => void (await fetch(`http://127.0.0.1:${port}/release/${id}`));
        const hold = { url: `${origin}/hold/${id}`, release };
        holds.push(hold);
        return hold;
      },
    });
    await Promise.all(holds.map((hold) => hold.release()));
  },
});

function makeProfileFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "axio-context-opfs-e2e-"));
}

function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
