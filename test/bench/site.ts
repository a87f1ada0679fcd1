import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "vite";
import type { DriverInfo } from "./drivers/registry.js";

const ROOT = join(import.meta.dirname, "../..");
const BUILT = join(ROOT, "dist/bench");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};
// PGlite and SQLocal ask for isolation; the others do not mind.
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** The built pages, served. Each driver and each store has an origin of its own. */
export interface Site {
  url(driver: string, store: string, parameters?: Readonly<Record<string, string>>): string;
  /** Bytes after gzip of what the driver's pages have asked for; `page`: without workers, wasm and data. */
  downloaded(driver: string): { readonly all: number; readonly page: number };
  stop(): Promise<void>;
}

/** Builds a page for each driver, for production, and serves them. */
export async function serveSite(drivers: Readonly<Record<string, DriverInfo>>): Promise<Site> {
  const folder = join(BUILT, String(process.pid));
  for (const file of new Set(Object.values(drivers).map(({ file }) => file))) await buildPage(file, join(folder, file));
  const asked = new Map<string, Map<string, Buffer>>();
  const server = createServer((request, response) => {
    const driver = (request.headers.host ?? "").split("--")[0]!;
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const name = path === "/" ? "index.html" : path.slice(1);
    const file = join(folder, drivers[driver]?.file ?? "none", name);
    const body = existsSync(file) ? readFileSync(file) : undefined;
    if (!body) {
      response.writeHead(404, HEADERS).end();
      return;
    }
    if (!asked.has(driver)) asked.set(driver, new Map());
    if (name !== "index.html") asked.get(driver)!.set(name, body);
    const age = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    const headers = { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream", "Cache-Control": age };
    response.writeHead(200, { ...HEADERS, ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url(driver, store, parameters = {}) {
      const query = new URLSearchParams({ variant: drivers[driver]?.variant ?? "", ...parameters });
      return `http://${driver}--${store}.localhost:${port}/?${query.toString()}`;
    },
    downloaded: (driver) => sizes(asked.get(driver) ?? new Map()),
    async stop() {
      await stop(server);
      await rm(folder, { recursive: true });
    },
  };
}

async function buildPage(driver: string, outDir: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: "error",
    root: join(import.meta.dirname, "page"),
    publicDir: false,
    plugins: [withDriver(driver), builtPackage()],
    worker: { format: "es" },
    build: { outDir, emptyOutDir: true, target: "esnext", assetsInlineLimit: 0, chunkSizeWarningLimit: 2000 },
  });
}

function withDriver(driver: string): Plugin {
  return {
    name: "with-driver",
    resolveId: (id) => (id === "virtual:driver" ? join(import.meta.dirname, "drivers", `${driver}.ts`) : undefined),
  };
}

/** What is measured is the built package, not its source. */
function builtPackage(): Plugin {
  return {
    name: "built-package",
    // Vite itself would find the source.
    enforce: "pre",
    resolveId: (id) => (id.endsWith("/src/index.js") ? join(ROOT, "dist/src/index.js") : undefined),
  };
}

function sizes(files: ReadonlyMap<string, Buffer>): { readonly all: number; readonly page: number } {
  let [all, page] = [0, 0];
  for (const [name, body] of files) {
    const size = gzipSync(body, { level: 9 }).length;
    all += size;
    // What more than one part of a page needs is in a file of its own.
    if (name.endsWith(".js") && !/worker/i.test(name)) page += size;
  }
  return { all, page };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
