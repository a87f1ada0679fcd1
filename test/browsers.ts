import { existsSync } from "node:fs";
import type { LaunchOptions } from "playwright";

/** How a browser is started: Debian's where it is installed, Playwright's own download elsewhere. */
export interface Browser {
  readonly name: "chromium" | "firefox";
  /** As users have it. */
  readonly launch: LaunchOptions;
  /**
   * For tests, which start workers by the hundred, for a moment each: without the compilers that make WebAssembly faster
   * while it runs, and that would begin anew in each of them.
   */
  readonly launchForTests: LaunchOptions;
}

const DEBIAN = { chromium: "/usr/bin/chromium", firefox: "/usr/bin/firefox-esr" } as const;

const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const chromiumPath = existsSync(DEBIAN.chromium) && { executablePath: DEBIAN.chromium };

export const chromium: Browser = {
  name: "chromium",
  launch: { ...chromiumPath, args: CHROMIUM_ARGS },
  launchForTests: { ...chromiumPath, args: [...CHROMIUM_ARGS, "--js-flags=--liftoff-only"] },
};

// Stock Firefox speaks WebDriver BiDi; Playwright drives it under this channel name.
const firefoxPath = existsSync(DEBIAN.firefox) && { executablePath: DEBIAN.firefox, channel: "moz-firefox" };

export const firefox: Browser = {
  name: "firefox",
  launch: { ...firefoxPath },
  launchForTests: { ...firefoxPath, firefoxUserPrefs: { "javascript.options.wasm_optimizingjit": false } },
};
