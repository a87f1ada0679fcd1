import type { Plugin } from "rolldown";
import { checkNoFileSystem, dropFileSystem } from "./file-system.js";
import { edit, type Edit, visit } from "./source.js";

// The worker brings its own VFS along, and uses none of the four in sqlite-wasm's one module. Each part below is a
// top-level statement that does nothing in this package: the worker switches the VFSes off, and the rest only adds names
// that nobody here calls. The build fails when a part is not found as often as expected: a new version of
// sqlite-wasm then has to be looked at.

/** The initializers of sqlite-wasm that are left out, by a line that only they contain. */
const INITIALIZERS = [
  "sqlite3.initWorker1API = ",
  "sqlite3.vtab = vtab;",
  "if (sqlite3.config.disable?.vfs?.kvvfs) return;",
  'if (sqlite3.config.disable?.vfs?.["opfs-sahpool"]) return;',
  "const opfsUtil = sqlite3.opfs = Object.create(null);",
  "const installOpfsVfs = ",
  "const installOpfsWlVfs = ",
];
const INITIALIZER = "globalThis.sqlite3ApiBootstrap.initializers.push(";

/** Bindings for C functions of virtual tables and of the session extension: `capi` does not have these. */
const BINDINGS = [
  "if (wasm.bigIntEnabled && !!wasm.exports.sqlite3_declare_vtab) bindingSignatures",
  "if (wasm.bigIntEnabled && !!wasm.exports.sqlite3changegroup_add && ",
  "if (capi.sqlite3session_create) {",
];

/** The same functions of the wasm under a second name, for C programs' own JavaScript. */
const MODULE_ALIAS = /^Module\["_\w+"\] = wasmExports\["\w+"\];$/;
const MODULE_ALIASES = 261;

/** The worker1 promiser, which fetches a worker of its own. */
const PROMISER = /^(delete )?globalThis\.sqlite3Worker1Promiser\b/;
const PROMISER_STATEMENTS = 5;
const PROMISER_EXPORT = "var sqlite3_worker1_promiser_default = sqlite3Worker1Promiser.v2;";

/** A bundler that sees these in a worker looks for the files, and fails. */
const DEAD_REFERENCES = ["sqlite3-opfs-async-proxy.js", "sqlite3-worker1.mjs"];

/** Used for the directory of the script, which nothing asks for; webpack would write the build machine's path here. */
const SCRIPT_NAME = "var _scriptName = import.meta.url;";

/** Takes what this package does not use out of sqlite-wasm. */
export function trimSqlite(): Plugin {
  let trimmed = 0;
  return {
    name: "trim-sqlite",
    transform: {
      filter: { id: /@sqlite\.org\/sqlite-wasm\/dist\/index\.mjs(\?|$)/ },
      handler(code) {
        trimmed++;
        return trim(code);
      },
    },
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) if (file.type === "chunk") checkNoFileSystem(file.code);
      if (trimmed !== 1) throw new Error(`Expected to trim sqlite-wasm once, not ${trimmed} times.`);
    },
  };
}

function trim(source: string): string {
  for (const name of DEAD_REFERENCES) if (!source.includes(name)) fail(name, 1, 0);
  let code = dropStatements(source);
  code = replaceOnce(code, PROMISER_EXPORT, "var sqlite3_worker1_promiser_default;");
  code = replaceOnce(code, SCRIPT_NAME, "var _scriptName;");
  code = dropFileSystem(code);
  const left = DEAD_REFERENCES.filter((name) => code.includes(`"${name}"`));
  if (left.length > 0) throw new Error(`sqlite-wasm still refers to ${left.join(", ")}.`);
  return code;
}

function dropStatements(code: string): string {
  const spans: Edit[] = [];
  const found = new Map<string, number>();
  const look = (statement: Edit): void => {
    const part = partOf(code.slice(statement.start, statement.end));
    if (part === undefined) return;
    spans.push({ start: statement.start, end: statement.end });
    found.set(part, (found.get(part) ?? 0) + 1);
  };
  visit(code, { ExpressionStatement: look, IfStatement: look });
  const expected: [string, number][] = [...INITIALIZERS, ...BINDINGS].map((mark) => [mark, 1]);
  expected.push(["module", MODULE_ALIASES], ["promiser", PROMISER_STATEMENTS]);
  for (const [part, count] of expected) if (found.get(part) !== count) fail(part, count, found.get(part) ?? 0);
  return edit(code, spans);
}

function partOf(statement: string): string | undefined {
  if (statement.startsWith(INITIALIZER)) return INITIALIZERS.find((mark) => statement.includes(mark));
  const binding = BINDINGS.find((start) => statement.startsWith(start));
  if (binding !== undefined) return binding;
  if (MODULE_ALIAS.test(statement)) return "module";
  return PROMISER.test(statement) ? "promiser" : undefined;
}

function replaceOnce(code: string, from: string, to: string): string {
  const parts = code.split(from);
  if (parts.length !== 2) fail(from, 1, parts.length - 1);
  return parts.join(to);
}

function fail(part: string, expected: number, found: number): never {
  throw new Error(
    `sqlite-wasm is not as test/tools/build/trim-sqlite.ts knows it: ${part}: expected ${expected}, found ${found}.`,
  );
}
