import { defineConfig } from "@playwright/test";
import { type Browser, chromium, firefox } from "./test/browsers.js";

/** A name that leads to this machine, and that browsers trust no more than any other. */
const INSECURE_HOST = "insecure.test";

/** The figures of large databases take minutes, and are taken on request. */
const IGNORED = process.env["FULL"] ? [] : ["full-*"];
/** What is the same in both browsers, and takes long: Chromium runs it. */
const SAME = process.env["FULL"]
  ? []
  : [
      "compaction*",
      "demo*",
      "durability*",
      "faults-hang*",
      "faults-headers*",
      "faults-worker*",
      "hot-reload*",
      "import*",
      "search*",
      "streaming*",
      "tabs-changes*",
      "tabs-follower*",
      "tabs-handover*",
      "tabs-lines*",
      "tabs-sharing*",
      "tabs-versions*",
    ];

/** The tests of a browser. */
const E2E = {
  testDir: "test/e2e",
  // For pages that the browser has dropped from its back/forward cache, and nothing else: see the fixtures.
  retries: 2,
};

/** Figures are those of the browser that users have. */
function launchOf({ launch, launchForTests }: Browser): Browser["launch"] {
  return process.env["FULL"] ? launch : launchForTests;
}

export default defineConfig({
  testMatch: "*.test.ts",
  outputDir: "test-results",
  globalSetup: "./test/e2e/setup.ts",
  fullyParallel: true,
  workers: process.env["FULL"] ? 1 : 2,
  forbidOnly: !!process.env["CI"],
  timeout: 120_000,
  expect: { timeout: 30_000 },
  // Those whose tests take longest come first: at the end, none is waited for alone.
  projects: [
    { name: "package", testDir: "test/package" },
    {
      ...E2E,
      name: firefox.name,
      testIgnore: [...IGNORED, ...SAME],
      use: {
        browserName: firefox.name,
        launchOptions: {
          ...launchOf(firefox),
          firefoxUserPrefs: { ...launchOf(firefox).firefoxUserPrefs, "network.dns.localDomains": INSECURE_HOST },
        },
      },
    },
    {
      ...E2E,
      name: chromium.name,
      testIgnore: IGNORED,
      use: {
        browserName: chromium.name,
        launchOptions: {
          ...launchOf(chromium),
          args: [...(launchOf(chromium).args ?? []), `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`],
          ignoreDefaultArgs: ["--disable-back-forward-cache"],
        },
      },
    },
  ],
});
