import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";

/** Where the built pages lie. */
export const SITE: string = join(import.meta.dirname, "../../dist/e2e");

/** How the test processes learn where the server is. */
export const PORT_VARIABLE = "AXIO_CONTEXT_OPFS_E2E_PORT";

/** How the site is served: the first name in every path. */
export type Policy = "plain" | "strict" | "no-worker" | "no-wasm" | "missing-worker" | "missing-wasm";

interface Rules {
  readonly csp?: string;
  readonly missing?: RegExp;
}

const RULES: Readonly<Record<Policy, Rules>> = {
  plain: {},
  strict: { csp: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'" },
  "no-worker": { csp: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'" },
  "no-wasm": { csp: "default-src 'self'; script-src 'self'; worker-src 'self'" },
  "missing-worker": { missing: /\/worker-[^/]*\.js$/ },
  "missing-wasm": { missing: /\.wasm$/ },
};

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Serves `dist/e2e` at `/<policy>/`. The headers of a policy go with every file: a worker has a CSP of its own. */
export async function startServer(): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
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
  const file = extname(path) === "" ? join(path, "index.html") : path;
  try {
    const body = await readFile(file);
    const headers = {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Cache-Control": "no-cache",
      ...(rules.csp !== undefined && { "Content-Security-Policy": rules.csp }),
    };
    return { status: 200, headers, body };
  } catch {
    return notFound();
  }
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
