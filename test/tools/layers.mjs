import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** The worker's folders: each uses only itself and those behind it. What stands in none of them all may use. */
const LAYERS = [
  ["tab"],
  ["owner"],
  ["answers"],
  ["import", "search"],
  ["operations"],
  ["storage", "sql", "envelopes"],
  ["vfs"],
  ["sqlite", "assembly"],
];

/** The imports that go against the order, as lines. */
export function againstLayers() {
  const files = readdirSync("worker", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return files.flatMap((file) => {
    const imported = [...readFileSync(join("worker", file), "utf8").matchAll(/from "(\.[^"]+)"/g)];
    return imported
      .map(([, path]) => normalize(join(dirname(file), path)))
      .filter((target) => !mayUse(folderOf(file), folderOf(target)))
      .map((target) => `worker/${file} uses worker/${target}`);
  });
}

function folderOf(file) {
  return file.split(/[\\/]/)[0];
}

function mayUse(folder, used) {
  const [from, to] = [folder, used].map((name) => LAYERS.findIndex((layer) => layer.includes(name)));
  return folder === used || from < 0 || to < 0 || from < to;
}
