import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromium, firefox } from "./test/browsers.js";
import { assembly } from "./test/tools/build/assembly.js";
import { builtWorker } from "./test/tools/built-worker.js";
import { readme } from "./test/readme/plugin.js";
import { python } from "./test/commands.js";

/** What browsers may differ in. The rest is SQL and arithmetic, the same in both: Chromium runs it all. */
const IN_FIREFOX = ["closed", "connect", "contract", "databases", "golden", "python", "status", "unsupported", "vfs"];

function profile(browser: string): string {
  const directory = join(tmpdir(), `axio-context-opfs-${browser}-${process.pid}`);
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export default defineConfig({
  root: "demo",
  // The built demo works in any folder of any server.
  base: "./",
  // Named so that Vite does not find them while a test runs, and reload it.
  optimizeDeps: { include: ["comlink", "fflate"] },
  plugins: [assembly()],
  worker: { format: "es", plugins: () => [assembly()] },
  build: { outDir: "../dist/demo", emptyOutDir: true, target: "esnext" },
  test: {
    root: ".",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          environment: "node",
          testTimeout: 90_000,
          hookTimeout: 90_000,
          setupFiles: "test/fixtures/fetch-wasm.ts",
        },
      },
      {
        extends: true,
        plugins: [readme(), builtWorker()],
        // Packages that the examples import: named for the same reason as those above.
        optimizeDeps: { include: ["ai", "ai/test", "zod"] },
        test: {
          name: "browser",
          // For the slowest machine: nothing here waits for time to pass.
          testTimeout: 90_000,
          hookTimeout: 90_000,
          browser: {
            enabled: true,
            headless: true,
            // Where nobody looks, it takes a fifth of the time.
            ui: false,
            // What a file leaves behind it closes itself, and each has databases of its own.
            isolate: false,
            screenshotFailures: false,
            commands: { python },
            instances: [chromium, firefox].map(({ name, launchForTests }) => ({
              browser: name,
              include: (name === "firefox" ? IN_FIREFOX : ["*"]).map((file) => `test/browser/${file}.test.ts`),
              // A profile on a disk: in the default context OPFS is kept in memory and many times slower.
              provider: playwright({ launchOptions: launchForTests, persistentContext: profile(name) }),
            })),
          },
        },
      },
    ],
  },
});
