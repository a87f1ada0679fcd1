import { test as base, type BrowserContext, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killProcessesOf } from "./processes.js";
import { type Policy, PORT_VARIABLE } from "./server.js";

export { expect } from "@playwright/test";

/** A browser of the test's own, with a profile on a disk. In a default context OPFS would be kept in memory, and go with the browser. */
export interface Profile {
  /** Starts the browser. After an end: again, with what it has stored. */
  launch(): Promise<BrowserContext>;
  /** Ends the browser as the system would, without a word to it. */
  kill(): Promise<void>;
}

/** The built pages, at an origin that no other test has: its storage is empty. */
export interface Site {
  url(page: "demo" | "page", policy?: Policy): string;
  /** Opens the test page in a new tab. */
  openTab(context: BrowserContext, policy?: Policy): Promise<Page>;
}

interface TestFixtures {
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
    const origin = `http://test-${randomUUID()}.localhost:${process.env[PORT_VARIABLE]}`;
    const url: Site["url"] = (page, policy = "plain") => `${origin}/${policy}/${page}/`;
    await use({
      url,
      async openTab(context, policy) {
        const page = await context.newPage();
        await page.goto(url("page", policy));
        return page;
      },
    });
  },
});

function makeProfileFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "axio-context-opfs-e2e-"));
}

function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
