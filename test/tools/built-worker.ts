import { build } from "rolldown";
import type { Plugin } from "vite";
import { worker } from "../../rolldown.config.js";

const BASE = "/built-worker/";
const REFERENCE = /new URL\("(?:\.\.\/)+worker\/worker\.[jt]s", import\.meta\.url\)/g;

/**
 * Tests start the worker as it is shipped, in one file: hundreds of them would else load it module by module, which
 * takes longer than most tests.
 */
export function builtWorker(): Plugin {
  const built = build({ ...worker, write: false }).then(({ output }) => {
    return new Map(output.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source]));
  });
  return {
    name: "built-worker",
    enforce: "pre",
    transform: (code) => code.replace(REFERENCE, `new URL("${BASE}worker.js", location.origin)`),
    configureServer(server) {
      server.middlewares.use(BASE, (request, response, next) => {
        const name = new URL(request.url ?? "", "http://localhost").pathname.slice(1);
        built.then((files) => {
          const file = files.get(name);
          if (file === undefined) return next();
          response.setHeader("content-type", name.endsWith(".wasm") ? "application/wasm" : "text/javascript");
          response.setHeader("cache-control", "public, max-age=3600");
          response.end(file);
        }, next);
      });
    },
  };
}
