import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromium, firefox } from "./test/browsers.js";

export default defineConfig({
  root: "demo",
  // The worker finds sqlite3.wasm beside its own module; pre-bundling would move one away from the other.
  optimizeDeps: { exclude: ["@sqlite.org/sqlite-wasm"] },
  worker: { format: "es" },
  build: { outDir: "../dist/demo", emptyOutDir: true, target: "esnext" },
  test: {
    root: ".",
    projects: [
      { extends: true, test: { name: "unit", include: ["test/unit/**/*.test.ts"], environment: "node" } },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [chromium, firefox].map(({ name, launch }) => ({
              browser: name,
              provider: playwright({ launchOptions: launch }),
            })),
          },
        },
      },
    ],
  },
});
