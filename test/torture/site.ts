import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";
import { SITE, startServer } from "../e2e/server.js";
import { assembly } from "../tools/build/assembly.js";

/** The torture's page, built and served. */
export interface TortureSite {
  readonly url: string;
  /** A page of the same origin without a database. */
  readonly elsewhere: string;
  stop(): Promise<void>;
}

export async function serveSite(): Promise<TortureSite> {
  // Two processes may torture at the same time.
  const name = `torture-${process.pid}`;
  const outDir = join(SITE, name);
  await build({
    configFile: false,
    logLevel: "error",
    root: join(import.meta.dirname, "page"),
    publicDir: join(import.meta.dirname, "../e2e/page/public"),
    base: "./",
    worker: { format: "es", plugins: () => [assembly()] },
    build: { outDir, emptyOutDir: true, target: "esnext" },
  });
  const server = await startServer();
  const url = `http://torture.localhost:${server.port}/plain/${name}/`;
  return {
    url,
    elsewhere: `${url}elsewhere.html`,
    async stop() {
      await server.stop();
      await rm(outDir, { recursive: true });
    },
  };
}
