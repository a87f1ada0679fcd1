import type { RunningBrowser } from "./running-browser.js";
import type { Tab } from "./tab.js";
import { within } from "./waiting.js";

export type Death =
  | "worker ended"
  | "page closed"
  | "page reloaded"
  | "navigated away"
  | "away and back"
  | "renderer crashed"
  | "renderer killed"
  | "browser killed";

/** How often each kind of death comes. */
export const DEATHS: Readonly<Record<Death, number>> = {
  "worker ended": 15,
  "page closed": 15,
  "page reloaded": 15,
  "navigated away": 10,
  "away and back": 10,
  "renderer crashed": 15,
  "renderer killed": 15,
  "browser killed": 5,
};

/** What a death needs to know. */
export interface Scene {
  readonly browser: RunningBrowser;
  /** A page of the same origin without a database. */
  readonly elsewhere: string;
  /** How long a page stays away. */
  readonly absence: number;
  /** Called when everything is ready, and the next thing is the death. */
  readonly strike: () => void;
  /** Called when it is known at which moment the owner was dead; absent where another tab is killed. */
  readonly died: ((at: number) => void) | undefined;
}

/** Longer than any navigation takes; a dead page never answers one. */
const NAVIGATION = 10_000;

/** Kills the tab, or what it runs in. Who has died shows afterwards: tabs may share a process. */
export async function kill(death: Death, { page }: Tab, scene: Scene): Promise<void> {
  const { browser, elsewhere, absence, strike, died } = scene;
  if (signals(death, browser)) return signalOwner(scene, death === "renderer killed" ? "SIGKILL" : "SIGSEGV");
  strike();
  switch (death) {
    case "worker ended": {
      const at = await page.evaluate(() => torture.endWorker());
      died?.(at);
      return;
    }
    case "page closed":
      return page.close();
    case "page reloaded":
      await page.reload({ waitUntil: "commit" });
      return page.waitForLoadState();
    case "navigated away":
      await page.goto(elsewhere);
      return;
    case "away and back":
      await page.goto(elsewhere);
      await new Promise((resolve) => setTimeout(resolve, absence));
      await page.goBack({ waitUntil: "commit" });
      await page.waitForFunction(() => globalThis.torture);
      return;
    case "renderer crashed": {
      const owner = died && (await browser.ownerProcess());
      if (owner !== undefined) void browser.ended(owner).then(() => died?.(Date.now()));
      // It never answers.
      await within(NAVIGATION, page.goto("chrome://crash"));
      return;
    }
    case "browser killed":
      return browser.kill();
    case "renderer killed":
  }
}

/** Whether the death is a signal to the process that holds the database's files: the owner's, whoever that is. */
export function signals(death: Death, browser: RunningBrowser): boolean {
  return death === "renderer killed" || (death === "renderer crashed" && browser.name === "firefox");
}

async function signalOwner({ browser, strike }: Scene, signal: "SIGKILL" | "SIGSEGV"): Promise<void> {
  const id = await browser.ownerProcess();
  // No process holds the files while they are being handed over.
  if (id === undefined) return;
  strike();
  process.kill(id, signal);
}
