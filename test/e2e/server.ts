import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";

/** Where the built pages lie. */
export const SITE: string = join(import.meta.dirname, "../../dist/e2e");

/** How the test processes learn where the server is. */
export const PORT_VARIABLE = "AXIO_CONTEXT_OPFS_E2E_PORT";

/** How the site is served: the first name in every path. */
export type Policy =
  | "plain"
  | "strict"
  | "trusted"
  | "no-worker"
  | "no-wasm"
  | "no-fetch"
  | "missing-worker"
  | "missing-wasm"
  | "html-worker"
  | "html-wasm"
  | "cut-wasm"
  | "charset-wasm"
  | "unnamed-wasm"
  | "throwing-worker"
  | "slow-locks"
  | "shared"
  | "clearing";

interface Rules {
  readonly csp?: string;
  readonly missing?: RegExp;
  /** What is answered with the page, as a server of a single-page application does with every path that it does not know. */
  readonly html?: RegExp;
  /** What is answered without its second half. */
  readonly cut?: RegExp;
  /** What the wasm is said to be. */
  readonly wasmType?: string;
  /** What stands at the end of the worker's script. */
  readonly added?: string;
  /** Lets other origins have it. */
  readonly cors?: boolean;
  /** Tells the browser to delete what the site has stored. */
  readonly clears?: boolean;
}

const WORKER = /\/worker-[^/]*\.js$/;
const WASM = /\.wasm$/;

const RULES: Readonly<Record<Policy, Rules>> = {
  plain: {},
  strict: { csp: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'" },
  trusted: { csp: "require-trusted-types-for 'script'" },
  "no-worker": { csp: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'" },
  "no-wasm": { csp: "default-src 'self'; script-src 'self'; worker-src 'self'" },
  "no-fetch": { csp: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src https://model.test" },
  "missing-worker": { missing: WORKER },
  "missing-wasm": { missing: WASM },
  "html-worker": { html: WORKER },
  "html-wasm": { html: WASM },
  "cut-wasm": { cut: WASM },
  "charset-wasm": { wasmType: "application/wasm; charset=utf-8" },
  "unnamed-wasm": { wasmType: "application/octet-stream" },
  "throwing-worker": { added: "throw new Error('Thrown by the test.');" },
  // Whoever asks for a lock only if it is free has to wait for the answer.
  "slow-locks": {
    added: `
      const { request } = LockManager.prototype;
      LockManager.prototype.request = async function (name, options, ...rest) {
        if (options.ifAvailable) await new Promise((resolve) => setTimeout(resolve, 1000));
        return request.call(this, name, options, ...rest);
      };`,
  },
  shared: { cors: true },
  clearing: { clears: true },
};

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const held = new Map<string, ServerResponse>();
const released = new Set<string>();

/** A request for `/hold/<id>` is answered after one for `/release/<id>`. */
function answerHeld(url: string, response: ServerResponse): boolean {
  const [, what, id = ""] = url.split("/");
  if (what === "hold" && !released.has(id)) held.set(id, response);
  else if (what === "hold" || what === "release") {
    released.add(id);
    held.get(id)?.end();
    // A connection that is kept may be closed just as the next release is sent.
    response.writeHead(200, { Connection: "close" }).end();
  } else return false;
  return true;
}

/** Serves `dist/e2e` at `/<policy>/`. The headers of a policy go with every file: a worker has a CSP of its own. */
export async function startServer(): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    if (answerHeld(request.url ?? "/", response)) return;
    void answer(request.url ?? "/").then(({ status, headers, body }) => response.writeHead(status, headers).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => stop(server),
  };
}

async function answer(url: string) {
  const [, policy = "", ...names] = new URL(url, "http://localhost").pathname.split("/");
  const rules = RULES[policy as Policy];
  const path = normalize(join(SITE, ...names));
  if (!rules || !path.startsWith(SITE + sep) || rules.missing?.test(path)) return notFound();
  const file = rules.html?.test(path) ? join(SITE, "page", "index.html") : withIndex(path);
  try {
    const content = await readFile(file);
    const added = rules.added !== undefined && WORKER.test(path) ? [Buffer.from(`\n${rules.added}`)] : [];
    const body = rules.cut?.test(path) ? content.subarray(0, content.length >> 1) : Buffer.concat([content, ...added]);
    const headers = {
      "Content-Type": (WASM.test(file) && rules.wasmType) || (TYPES[extname(file)] ?? "application/octet-stream"),
      "Cache-Control": "no-cache",
      ...(rules.cors && { "Access-Control-Allow-Origin": "*" }),
      ...(rules.clears && { "Clear-Site-Data": '"storage"' }),
      ...(rules.csp !== undefined && { "Content-Security-Policy": rules.csp }),
    };
    return { status: 200, headers, body };
  } catch {
    return notFound();
  }
}

function withIndex(path: string): string {
  return extname(path) === "" ? join(path, "index.html") : path;
}

function notFound() {
  return { status: 404, headers: { "Content-Type": "text/plain" }, body: "Not found" };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
