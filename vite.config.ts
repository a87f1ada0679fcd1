import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { type Browser, chromium, firefox } from "./test/browsers.js";
import { assembly } from "./test/tools/build/assembly.js";
import { builtWorker } from "./test/tools/built-worker.js";
import { readme } from "./test/readme/plugin.js";
import { python } from "./test/commands.js";

/** What browsers may differ in. The rest is SQL and arithmetic, the same in both: Chromium runs it all. */
const IN_FIREFOX = ["closed", "connect", "contract", "databases", "golden", "python", "status", "unsupported"];
/** What becomes of files when writes fail takes long. */
if (process.env["FULL"]) IN_FIREFOX.push("vfs");

/** A browser that runs these files, one after the other, beside the other instances. */
function instance(name: string, { name: browser, launchForTests: launchOptions }: Browser, files: readonly string[]) {
  // On a disk: in the default context OPFS is kept in memory and many times slower.
  const profile = join(tmpdir(), `axio-context-opfs-${name}-${process.pid}`);
  process.on("exit", () => rmSync(profile, { recursive: true, force: true }));
  return {
    name,
    browser,
    include: files.map((file) => `test/browser/${file}.test.ts`),
    provider: playwright({ launchOptions, persistentContext: profile }),
  };
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
    // As long as Playwright's tests wait for what a busy machine does late.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          environment: "node",
          // What a file leaves behind it closes itself; to begin anew for each takes as long as the tests.
          isolate: false,
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
          setupFiles: "test/fixtures/keep-wasm.ts",
          browser: {
            enabled: true,
            headless: true,
            // Where nobody looks, it takes a fifth of the time.
            ui: false,
            // Each has databases of its own, too.
            isolate: false,
            screenshotFailures: false,
            commands: { python },
            // One after the other, the files of Chromium would take longer than all else together.
            instances: [
              instance("chromium a-k", chromium, ["[!l-z]*"]),
              instance("chromium l-z", chromium, ["[l-z]*"]),
              instance("firefox", firefox, IN_FIREFOX),
            ],
          },
        },
      },
    ],
  },
});
