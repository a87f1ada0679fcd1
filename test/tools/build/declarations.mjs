// After tsc: keeps in dist/src the declarations that the entry points lead to, and checks that what these import is
// there for a consumer. The package has no dependencies: a type of Comlink in the public surface would not resolve.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = "dist/src";
const { exports, peerDependencies = {} } = JSON.parse(readFileSync("package.json", "utf8"));

const queue = Object.values(exports)
  .map((target) => target.types ?? "")
  .filter((file) => file.startsWith(`./${ROOT}/`))
  .map((file) => file.slice(2));
const reached = new Set(queue);
for (const file of queue) {
  const code = readFileSync(file, "utf8");
  // Not in the libraries that a consumer's TypeScript loads by itself.
  if (/Disposable|asyncDispose/.test(code)) writeFileSync(file, `/// <reference lib="esnext.disposable" />\n${code}`);
  for (const id of importsOf(code)) {
    if (id.startsWith(".")) {
      const next = join(file, "..", id.replace(/\.js$/, ".d.ts"));
      if (!reached.has(next)) queue.push(next);
      reached.add(next);
    } else if (!Object.keys(peerDependencies).some((peer) => id === peer || id.startsWith(`${peer}/`))) {
      throw new Error(`${file} imports the types of ${id}, which a consumer does not have.`);
    }
  }
}
for (const file of readdirSync(ROOT, { recursive: true })) {
  const path = join(ROOT, file);
  if (path.endsWith(".d.ts") && !reached.has(path)) rmSync(path);
}

function importsOf(code) {
  const specifiers = /^(?:import|export)\b[^;]*?\bfrom "([^"]+)"|\bimport\("([^"]+)"\)|^import "([^"]+)"/gm;
  return [...code.matchAll(specifiers)].map((match) => match[1] ?? match[2] ?? match[3]);
}
