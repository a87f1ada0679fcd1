import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type * as vite from "vite";
import { type InlineConfig, preview } from "vite";
import webpack, { type StatsError } from "webpack";

const run = promisify(execFile);
const TEMPLATES = join(import.meta.dirname, "apps");

/** A server of an app, until it is stopped. */
export interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

/** Packs the package as it would be published; answers with the tarball's path. */
export async function packPackage(folder: string): Promise<string> {
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]);
  const [packed] = JSON.parse(stdout) as { readonly filename: string }[];
  if (!packed) throw new Error("npm pack made no tarball.");
  return join(folder, packed.filename);
}

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "axio-context-opfs-"));
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Makes an app of template files, with the tarball as its only dependency. `files`: name in the app to template. */
export async function makeApp(tarball: string, files: Readonly<Record<string, string>>): Promise<string> {
  const app = await temporaryFolder();
  for (const [name, template] of Object.entries(files)) await cp(join(TEMPLATES, template), join(app, name));
  await run("npm", ["init", "--yes", "--init-type=module"], { cwd: app });
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: app });
  return app;
}

/** A web server of static files, with no headers of its own. */
export async function serveFiles(folder: string): Promise<Served> {
  const server = await preview({ ...viteOptions(folder), build: { outDir: "." } });
  return { url: firstUrl(server.resolvedUrls), stop: () => server.close() };
}

/** What `vite` has in a folder without a configuration file. */
export function viteOptions(root: string): InlineConfig {
  return { root, configFile: false, logLevel: "error" };
}

export function firstUrl(urls: { readonly local: readonly string[] } | null): string {
  const url = urls?.local[0];
  if (url === undefined) throw new Error("The server has no address.");
  return url;
}

/** What `webpack ./main.js --mode …` does in a folder without a configuration file. */
export function buildWithWebpack(
  root: string,
  mode: "production" | "development",
): Promise<{ readonly errors: readonly StatsError[]; readonly warnings: readonly StatsError[] }> {
  // The context and the path are what webpack takes from the current directory.
  const compiler = webpack({
    mode,
    context: root,
    entry: "./main.js",
    output: { path: join(root, "dist") },
  });
  return new Promise((resolve, reject) => {
    compiler.run((error, stats) => {
      const { errors, warnings } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
      if (error || !errors || !warnings) reject(error ?? new Error("webpack said nothing."));
      else resolve({ errors, warnings });
    });
  });
}

/** What Next.js is tested in: it is large, and no dependency of this package's development. */
const NEXT = ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"];

/** Installs Next.js in the app, from the registry. */
export const installNext = (app: string): Promise<void> => install(app, NEXT);

/** The last Vite whose development server packs dependencies with esbuild, installed in the app from the registry. */
export async function installVite7(app: string): Promise<typeof vite> {
  await install(app, ["vite@7.3.8"]);
  return (await import(join(app, "node_modules/vite/dist/node/index.js"))) as typeof vite;
}

async function install(app: string, packages: readonly string[]): Promise<void> {
  await run("npm", ["install", "--no-audit", "--no-fund", ...packages], { cwd: app });
}

/** Serves the app with Next.js: built, or by the development server. Throws what a build that failed has said. */
export async function serveWithNext(
  app: string,
  how: "start" | "dev",
  bundler: "turbopack" | "webpack",
): Promise<Served> {
  const next = join(app, "node_modules/.bin/next");
  const mode = how === "dev" ? "development" : "production";
  const environment = { cwd: app, env: { ...process.env, NODE_ENV: mode, NEXT_TELEMETRY_DISABLED: "1" } as const };
  if (how === "start") await run(next, ["build", `--${bundler}`], environment);
  const bundling = how === "dev" ? [`--${bundler}`] : [];
  const server = spawn(next, [how, "--port", "0", ...bundling], {
    ...environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  const started = new Promise<string>((resolve, reject) => {
    let said = "";
    server.stdout.on("data", (chunk) => {
      said += String(chunk);
      const [url] = /http:\/\/localhost:\d+/.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    });
    exited.then(() => reject(new Error(`Next.js ended: ${said}`)), reject);
  });
  const stop = async () => {
    server.kill();
    await exited;
  };
  return { url: await started, stop };
}

/** Type-checks a file of the app as a consumer would, the package's declarations included. */
export async function typeCheck(app: string, file: string, resolution: "bundler" | "nodenext"): Promise<string> {
  const module = resolution === "bundler" ? "esnext" : "nodenext";
  const options = ["--noEmit", "--strict", "--target", "es2023", "--module", module, "--moduleResolution", resolution];
  const tsc = join(import.meta.dirname, "../../node_modules/.bin/tsc");
  const failure = await run(tsc, [...options, "--types", "", file], { cwd: app }).then(
    () => undefined,
    (error: { readonly stdout: string }) => error,
  );
  return failure?.stdout ?? "";
}
