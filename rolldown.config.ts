import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { defineConfig, type Plugin, type RolldownOptions } from "rolldown";
import { assembly } from "./test/tools/build/assembly.js";
import { fflate } from "./test/tools/build/fflate.js";
import { thirdPartyLicenses } from "./test/tools/build/licenses.js";
import { usedWasm } from "./test/tools/build/wasm.js";

interface PackageJson {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as PackageJson;

// Bundlers find the workers by these texts, and the wasm by the other: none may come out of the build in another form.
const WORKER_REFERENCES = [
  'new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" })',
  'new SharedWorker(new URL("../worker/broker.js", import.meta.url), { type: "module" })',
];
const WASM_REFERENCE = 'new URL("sqlite3.wasm",import.meta.url)';

/** The page's entry points: what package.json exports from dist/src. */
function pageEntries(): Record<string, string> {
  const files = Object.values(manifest.exports).map((target) => (typeof target === "string" ? target : target.default));
  const names = files.filter((file) => file.startsWith("./dist/src/")).map((file) => basename(file, ".js"));
  return Object.fromEntries(names.map((name) => [name, `src/${name}.ts`]));
}

function isPeer(id: string): boolean {
  return Object.keys(manifest.peerDependencies ?? {}).some((peer) => id === peer || id.startsWith(`${peer}/`));
}

function keepWorkerReferences(): Plugin {
  return {
    name: "keep-worker-references",
    generateBundle(_options, bundle) {
      const code = Object.values(bundle).map((file) => (file.type === "chunk" ? file.code : ""));
      for (const reference of WORKER_REFERENCES) {
        const count = code.join("\n").split(reference).length - 1;
        if (count !== 1) throw new Error(`Expected exactly one ${reference} in dist/src, found ${count}.`);
      }
    },
  };
}

/** The module that tells where the wasm is; in the package it lies beside the worker. */
const WASM_URL = "@sqlite.org/sqlite-wasm/sqlite3.wasm?url";
const WASM = createRequire(import.meta.url).resolve("@sqlite.org/sqlite-wasm/sqlite3.wasm");

/** Puts the wasm beside a worker, which must be one file. */
export function shipWasm(): Plugin {
  return {
    name: "ship-wasm",
    resolveId: (id) => (id === WASM_URL ? `${WASM}?url` : undefined),
    load: (id) => (id === `${WASM}?url` ? `export default ${WASM_REFERENCE}.href;` : undefined),
    async generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      const [worker] = chunks;
      if (!worker || chunks.length > 1) throw new Error(`The worker must be one file, not ${chunks.length}.`);
      // The minifier writes strings as templates, which not every bundler follows.
      worker.code = worker.code.replace(/new URL\(`sqlite3\.wasm`, ?import\.meta\.url\)/, WASM_REFERENCE);
      const urls = worker.code.match(/import\.meta/g) ?? [];
      if (urls.length !== 1 || !worker.code.includes(WASM_REFERENCE)) {
        throw new Error(`The only import.meta in the worker must be ${WASM_REFERENCE}; found ${urls.length}.`);
      }
      this.emitFile({ type: "asset", fileName: "sqlite3.wasm", source: await usedWasm(WASM) });
      this.emitFile({ type: "asset", fileName: "worker.d.ts", source: "export {};\n" });
    },
  };
}

const page: RolldownOptions = {
  input: pageEntries(),
  platform: "browser",
  external: isPeer,
  plugins: [keepWorkerReferences(), thirdPartyLicenses("page")],
  output: { dir: "dist/src", cleanDir: true, chunkFileNames: "[name].js" },
};

/** What runs in the worker, in one file. */
export const worker: RolldownOptions = {
  input: { worker: "worker/worker.ts" },
  platform: "browser",
  plugins: [assembly(), fflate(), shipWasm(), thirdPartyLicenses("worker")],
  output: {
    dir: "dist/worker",
    cleanDir: true,
    codeSplitting: false,
    minify: true,
    comments: { legal: false },
    // Tools that look into the file see by this line that it is a module.
    postFooter: "export {};",
    postBanner: "/*! Contains SQLite WASM, Comlink and fflate: see THIRD-PARTY-LICENSES.txt of axio-context-opfs. */",
  },
};

/** What runs in the shared worker. */
const broker: RolldownOptions = {
  input: { broker: "worker/broker.ts" },
  platform: "browser",
  output: { dir: "dist/worker", codeSplitting: false, minify: true, postFooter: "export {};" },
};

export default defineConfig([page, worker, broker]);
