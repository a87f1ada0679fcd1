import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Plugin } from "rolldown";

const QUERY = "?wasm";
const COMPILER = "node_modules/assemblyscript/bin/asc.js";
/** They say which versions compile. */
const MANIFESTS = ["assemblyscript", "binaryen"].map((name) => `node_modules/${name}/package.json`);
const OPTIONS = ["--runtime", "stub", "-O3"];

const run = promisify(execFile);

/** Of this process: every worker is a build of its own, and the compiler takes seconds. */
const compiled = new Map<string, Promise<string>>();

/** Of all processes. A file is named by a digest of all that decides on it; the sources import nothing. */
const CACHE = "node_modules/.cache/assembly";

/** What is imported with "?wasm" is AssemblyScript; a module gives what it is compiled to, as base64. */
export function assembly(): Plugin {
  return {
    name: "assembly",
    async load(id) {
      if (!id.endsWith(QUERY)) return undefined;
      const source = id.slice(0, -QUERY.length);
      this.addWatchFile(source);
      return `export const wasm = "${await compiledOnce(source)}";`;
    },
  };
}

async function compiledOnce(source: string): Promise<string> {
  const texts = await Promise.all([source, ...MANIFESTS].map((file) => readFile(file, "utf8")));
  const name = createHash("sha256")
    .update(JSON.stringify([texts, OPTIONS]))
    .digest("hex");
  const known = compiled.get(name) ?? cached(join(CACHE, name), () => compile(source));
  compiled.set(name, known);
  return known;
}

async function cached(file: string, make: () => Promise<string>): Promise<string> {
  if (existsSync(file)) return readFile(file, "utf8");
  const made = await make();
  await mkdir(CACHE, { recursive: true });
  // Whoever looks meanwhile finds all of it, or nothing.
  await writeFile(`${file}.${process.pid}`, made);
  await rename(`${file}.${process.pid}`, file);
  return made;
}

/** In a process of its own: it shares Binaryen, whose settings it changes, with what strips SQLite. */
async function compile(source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "assembly-"));
  try {
    const target = join(folder, "compiled.wasm");
    await run(process.execPath, [COMPILER, source, "--outFile", target, ...OPTIONS]);
    return await readFile(target, "base64");
  } finally {
    await rm(folder, { recursive: true });
  }
}
