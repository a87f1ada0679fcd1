import { build } from "vite";
import { PORT_VARIABLE, SITE, startServer } from "./server.js";

/** Builds the demo and the test page, and serves both until the tests are over. */
export async function setup(): Promise<() => Promise<void>> {
  await build({ logLevel: "warn", build: { outDir: `${SITE}/demo` } });
  await build({
    configFile: false,
    logLevel: "warn",
    root: `${import.meta.dirname}/page`,
    base: "./",
    worker: { format: "es" },
    build: { outDir: `${SITE}/page`, emptyOutDir: true, target: "esnext" },
  });
  const server = await startServer();
  process.env[PORT_VARIABLE] = String(server.port);
  return server.stop;
}

// oxlint-disable-next-line import/no-default-export -- Playwright takes a global setup from the default export alone.
export default setup;
