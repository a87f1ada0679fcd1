import { defineConfig } from "@playwright/test";
import { chromium, firefox } from "./test/browsers.js";

export default defineConfig({
  testDir: "test/e2e",
  testMatch: "*.test.ts",
  outputDir: "test-results/e2e",
  globalSetup: "./test/e2e/setup.ts",
  fullyParallel: true,
  workers: 2,
  forbidOnly: !!process.env["CI"],
  timeout: 60_000,
  expect: { timeout: 15_000 },
  projects: [chromium, firefox].map(({ name, launch }) => ({
    name,
    use: { browserName: name, launchOptions: launch },
  })),
});
