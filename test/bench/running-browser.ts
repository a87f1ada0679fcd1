import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import playwright, { type BrowserContext, type Page } from "playwright";
import type { Browser } from "../browsers.js";

/** A browser with a profile on a disk: elsewhere OPFS would be kept in memory. */
export interface RunningBrowser {
  /** Name and version. */
  readonly version: string;
  /** Opens a page, lets it be used, and closes it. */
  withPage<Result>(url: string, use: (page: Page) => Promise<Result>, limit?: number): Promise<Result>;
  /** Whether it has ended, by itself too. */
  isStopped(): boolean;
  stop(): Promise<void>;
}

/** Longer than the slowest driver takes for the longest workload. */
const LIMIT = 120_000;

/** Who does not answer once is not asked again. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError" as const;
}

export async function startBrowser({ name, launch }: Browser): Promise<RunningBrowser> {
  const folder = await mkdtemp(join(tmpdir(), "axio-context-opfs-bench-"));
  const context = await playwright[name].launchPersistentContext(folder, launch);
  context.setDefaultTimeout(LIMIT);
  let stopped = false;
  context.once("close", () => (stopped = true));
  return {
    version: `${name === "chromium" ? "Chromium" : "Firefox"} ${await versionOf(context)}`,
    async withPage(url, use, limit = LIMIT) {
      const page = await context.newPage();
      try {
        await page.goto(url);
        return await within(use(page), limit);
      } finally {
        await page.close();
      }
    },
    isStopped: () => stopped,
    async stop() {
      await context.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function versionOf(context: BrowserContext): Promise<string> {
  const [page] = context.pages();
  const agent = await page!.evaluate(() => navigator.userAgent);
  return context.browser()?.version() ?? /(?:Chrome|Firefox)\/(\d+)/.exec(agent)?.[1] ?? "";
}

async function within<Result>(work: Promise<Result>, limit: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new NoAnswerError(`No answer within ${limit / 1000} s.`)), limit);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
