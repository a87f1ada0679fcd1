import type { Plugin } from "rolldown";
import { cut, type Span, visit } from "./source.js";

// The pool VFS is all that the worker uses of sqlite-wasm, whose one module carries five others. Each part below is a
// top-level statement that does nothing in this package: the worker switches the three VFSes off, and the rest only
// adds names that nobody here calls. The build fails when a part is not found as often as expected: a new version of
// sqlite-wasm then has to be looked at.

/** The initializers of sqlite-wasm that are left out, by a line that only they contain. */
const INITIALIZERS = [
  "sqlite3.initWorker1API = ",
  "sqlite3.vtab = vtab;",
  "if (sqlite3.config.disable?.vfs?.kvvfs) return;",
  "const opfsUtil = sqlite3.opfs = Object.create(null);",
  "const installOpfsVfs = ",
  "const installOpfsWlVfs = ",
];
const INITIALIZER = "globalThis.sqlite3ApiBootstrap.initializers.push(";

/** The same functions of the wasm under a second name, for C programs' own JavaScript. */
const MODULE_ALIAS = /^Module\["_\w+"\] = wasmExports\["\w+"\];$/;
const MODULE_ALIASES = 261;

/** The worker1 promiser, which fetches a worker of its own. */
const PROMISER = /^(delete )?globalThis\.sqlite3Worker1Promiser\b/;
const PROMISER_STATEMENTS = 5;
const PROMISER_EXPORT = "var sqlite3_worker1_promiser_default = sqlite3Worker1Promiser.v2;";

/** Emscripten's file system, of which SQLite reads /dev/urandom alone; these load files over the network into it. */
const PRELOADS = /^(FS\.createPreloadedFile = |FS\.preloadFile = |var FS_\w*(preload|Preload|createDataFile)\w* = )/;
const PRELOAD_STATEMENTS = 6;
const FILE_SYSTEM = new Set(["FS", "MEMFS", "PATH", "PATH_FS", "SYSCALLS", "TTY"]);
const FILE_SYSTEM_MEMBERS = 24;

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
      filter: { id: /@sqlite\.org\/sqlite-wasm\/dist\/index\.mjs$/ },
      handler(code) {
        trimmed++;
        return trim(code);
      },
    },
    buildEnd(error) {
      if (!error && trimmed !== 1) this.error(`Expected to trim sqlite-wasm once, not ${trimmed} times.`);
    },
  };
}

function trim(source: string): string {
  for (const name of DEAD_REFERENCES) if (!source.includes(name)) fail(name, 1, 0);
  let code = dropStatements(source);
  code = replaceOnce(code, PROMISER_EXPORT, "var sqlite3_worker1_promiser_default;");
  code = replaceOnce(code, SCRIPT_NAME, "var _scriptName;");
  code = dropUnreadMembers(code);
  const left = DEAD_REFERENCES.filter((name) => code.includes(`"${name}"`));
  if (left.length > 0) throw new Error(`sqlite-wasm still refers to ${left.join(", ")}.`);
  return code;
}

function dropStatements(code: string): string {
  const spans: Span[] = [];
  const found = new Map<string, number>();
  const look = (statement: Span): void => {
    const part = partOf(code.slice(statement.start, statement.end));
    if (part === undefined) return;
    spans.push(statement);
    found.set(part, (found.get(part) ?? 0) + 1);
  };
  visit(code, { ExpressionStatement: look, VariableDeclaration: look });
  const expected: [string, number][] = INITIALIZERS.map((mark) => [mark, 1]);
  expected.push(["module", MODULE_ALIASES], ["promiser", PROMISER_STATEMENTS], ["preload", PRELOAD_STATEMENTS]);
  for (const [part, count] of expected) if (found.get(part) !== count) fail(part, count, found.get(part) ?? 0);
  return cut(code, spans);
}

function partOf(statement: string): string | undefined {
  if (statement.startsWith(INITIALIZER)) return INITIALIZERS.find((mark) => statement.includes(mark));
  if (MODULE_ALIAS.test(statement)) return "module";
  if (PROMISER.test(statement)) return "promiser";
  return PRELOADS.test(statement) ? "preload" : undefined;
}

/** Drops the members of the file system's objects whose names nothing else in the module mentions. */
function dropUnreadMembers(source: string): string {
  let code = source;
  let dropped = 0;
  for (let spans: Span[] = unreadMembers(code); spans.length > 0; spans = unreadMembers(code)) {
    dropped += spans.length;
    code = cut(code, spans);
  }
  if (dropped !== FILE_SYSTEM_MEMBERS) fail("unread member of the file system", FILE_SYSTEM_MEMBERS, dropped);
  return code;
}

function unreadMembers(code: string): Span[] {
  const spans: Span[] = [];
  visit(code, {
    VariableDeclarator({ id, init }) {
      if (id.type !== "Identifier" || !FILE_SYSTEM.has(id.name) || init?.type !== "ObjectExpression") return;
      for (const member of init.properties) {
        if (member.type !== "Property" || member.key.type !== "Identifier") continue;
        const elsewhere = code.slice(0, member.start) + code.slice(member.end);
        if (new RegExp(`\\.${member.key.name}\\b`).test(elsewhere)) continue;
        spans.push({ start: member.start, end: code[member.end] === "," ? member.end + 1 : member.end });
      }
    },
  });
  return spans;
}

function replaceOnce(code: string, from: string, to: string): string {
  const parts = code.split(from);
  if (parts.length !== 2) fail(from, 1, parts.length - 1);
  return parts.join(to);
}

function fail(part: string, expected: number, found: number): never {
  throw new Error(
    `sqlite-wasm is not as build/trim-sqlite.ts knows it: ${part}: expected ${expected}, found ${found}.`,
  );
}
