import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Plugin } from "rolldown";

const QUERY = "?wasm";
const COMPILER = "node_modules/assemblyscript/bin/asc.js";

const run = promisify(execFile);

/** By the source's text: every worker is a build of its own, and the compiler takes seconds. */
const compiled = new Map<string, Promise<string>>();

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
  const text = await readFile(source, "utf8");
  const known = compiled.get(text) ?? compile(source);
  compiled.set(text, known);
  return known;
}

/** In a process of its own: it shares Binaryen, whose settings it changes, with what strips SQLite. */
async function compile(source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "assembly-"));
  try {
    const target = join(folder, "compiled.wasm");
    await run(process.execPath, [COMPILER, source, "--outFile", target, "--runtime", "stub", "-O3"]);
    return await readFile(target, "base64");
  } finally {
    await rm(folder, { recursive: true });
  }
}
