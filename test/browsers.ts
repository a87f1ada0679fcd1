import { existsSync } from "node:fs";
import type { LaunchOptions } from "playwright";

/** How the tests start a browser: Debian's where it is installed, Playwright's own download elsewhere. */
export interface Browser {
  readonly name: "chromium" | "firefox";
  readonly launch: LaunchOptions;
}

const DEBIAN = { chromium: "/usr/bin/chromium", firefox: "/usr/bin/firefox-esr" } as const;

export const chromium: Browser = {
  name: "chromium",
  launch: {
    ...(existsSync(DEBIAN.chromium) && { executablePath: DEBIAN.chromium }),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
};

export const firefox: Browser = {
  name: "firefox",
  // Stock Firefox speaks WebDriver BiDi; Playwright drives it under this channel name.
  launch: existsSync(DEBIAN.firefox) ? { executablePath: DEBIAN.firefox, channel: "moz-firefox" } : {},
};
