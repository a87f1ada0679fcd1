import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { type Example, moduleOf, readExamples, slugOf } from "./examples.js";

const README = fileURLToPath(new URL("../../README.md", import.meta.url));
const LIST = "virtual:readme";
const EXAMPLE = /^virtual:readme\/(?<slug>[\w-]+)\.ts$/;

/** What a reader imports, and what an example gets. */
const PACKAGE: Readonly<Record<string, string>> = {
  "axio-context-opfs": fileURLToPath(new URL("package.ts", import.meta.url)),
  "axio-context-opfs/ai-sdk": fileURLToPath(new URL("../../src/ai-sdk.ts", import.meta.url)),
};

/** Makes the examples of README.md importable: `virtual:readme` is the list of them, each a module that is loaded when it runs. */
export function readme(): Plugin {
  const examples = () => readExamples(readFileSync(README, "utf8"));
  return {
    name: "readme-examples",
    // Before Vite itself, which would find the package's own name in package.json, and then its last build.
    enforce: "pre",
    resolveId(id, importer) {
      if (id === LIST || EXAMPLE.test(id)) return id;
      return importer !== undefined && EXAMPLE.test(importer) ? PACKAGE[id] : undefined;
    },
    load(id) {
      const slug = EXAMPLE.exec(id)?.groups?.["slug"];
      if (id !== LIST && slug === undefined) return undefined;
      this.addWatchFile(README);
      if (slug === undefined) return listOf(examples());
      const example = examples().find((candidate) => slugOf(candidate) === slug);
      return example && moduleOf(example);
    },
  };
}

function listOf(examples: readonly Example[]): string {
  const entries = examples.map(
    (example) => `{ name: ${JSON.stringify(example.name)}, load: () => import("${LIST}/${slugOf(example)}.ts") }`,
  );
  return `export const examples = [${entries.join(", ")}];`;
}
