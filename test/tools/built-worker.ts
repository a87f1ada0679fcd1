import { build, type BuildOptions } from "rolldown";
import type { Plugin } from "vite";
import { shipWasm, worker } from "../../rolldown.config.js";

const BASE = "/built-worker/";
const REFERENCE = /new URL\("(?:\.+\/)+(?:worker\/)?(worker|vfs-worker)\.[jt]s", import\.meta\.url\)/g;

/** Started as often, without anything of the package above SQLite. */
const VFS_WORKER = "test/fixtures/vfs-worker.ts";

/**
 * Tests start the worker as it is shipped, in one file: hundreds of them would else load it module by module, which
 * takes longer than most tests.
 */
export function builtWorker(): Plugin {
  return {
    name: "built-worker",
    enforce: "pre",
    transform(code, id) {
      const replaced = code.replace(REFERENCE, `new URL("${BASE}$1.js", location.origin)`);
      if (id.endsWith("/src/connect.ts") && replaced === code)
        throw new Error("connect() starts no worker that is known.");
      return replaced;
    },
    async configureServer(server) {
      const files = await buildWorkers();
      server.middlewares.use(BASE, (request, response) => {
        const name = new URL(request.url ?? "", "http://localhost").pathname.slice(1);
        response.setHeader("content-type", name.endsWith(".wasm") ? "application/wasm" : "text/javascript");
        response.setHeader("cache-control", "public, max-age=3600");
        response.end(files.get(name));
      });
    },
  };
}

async function buildWorkers(): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const options = { ...(worker as BuildOptions), write: false } as const;
  const built = [await build(options), await build({ ...options, input: VFS_WORKER, plugins: [shipWasm()] })];
  const files = built.flatMap(({ output }) => output);
  return new Map(files.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source]));
}
