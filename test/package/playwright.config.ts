import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  testMatch: "pack.test.ts",
  outputDir: "../../test-results/package",
  workers: 1,
  forbidOnly: !!process.env["CI"],
  timeout: 120_000,
});
