import { build, type BuildOptions } from "rolldown";
import type { Plugin } from "vite";
import { worker } from "../../rolldown.config.js";

const BASE = "/built-worker/";
const REFERENCE = /new URL\("(?:\.\.\/)+worker\/worker\.[jt]s", import\.meta\.url\)/g;

/**
 * Tests start the worker as it is shipped, in one file: hundreds of them would else load it module by module, which
 * takes longer than most tests.
 */
export function builtWorker(): Plugin {
  return {
    name: "built-worker",
    enforce: "pre",
    transform: (code) => code.replace(REFERENCE, `new URL("${BASE}worker.js", location.origin)`),
    async configureServer(server) {
      const files = await buildWorker();
      server.middlewares.use(BASE, (request, response) => {
        const name = new URL(request.url ?? "", "http://localhost").pathname.slice(1);
        response.setHeader("content-type", name.endsWith(".wasm") ? "application/wasm" : "text/javascript");
        response.setHeader("cache-control", "public, max-age=3600");
        response.end(files.get(name));
      });
    },
  };
}

async function buildWorker(): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const { output } = await build({ ...(worker as BuildOptions), write: false });
  return new Map(output.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source]));
}
