import { edit, type Edit, visit } from "./source.js";

// Emscripten gives SQLite's C code a file system in memory. Nothing in this package keeps files there: databases lie in
// the pool or are ":memory:", and temporary tables stay in memory (SQLite is compiled with TEMP_STORE=2). All that is
// read of it is /dev/urandom, once, for the seed of SQLite's random numbers. So that is all that is left of it; a file
// that is opened without a VFS does not exist, rather than being lost with the worker.

const NO_ENTRY = -44;
const NOT_SUPPORTED = 52;
/** Not one of the standard streams: SQLite would close it and take another. */
const DESCRIPTOR = 3;

/** What SQLite calls to seed its random numbers. */
const SEEDING: Readonly<Record<string, string>> = {
  __syscall_openat: `(directory, path) => UTF8ToString(path) === "/dev/urandom" ? ${DESCRIPTOR} : ${NO_ENTRY}`,
  __syscall_fcntl64: "() => 0",
  fd_close: "() => 0",
  fd_read: `(fd, vectors, count, result) => {
    let total = 0;
    for (let at = vectors >> 2; count-- > 0; at += 2) {
      total += crypto.getRandomValues(HEAPU8.subarray(HEAPU32[at], HEAPU32[at] + HEAPU32[at + 1])).length;
    }
    HEAPU32[result >> 2] = total;
    return 0;
  }`,
};

const FILE_IMPORT = /^(__syscall_\w+|fd_\w+|_mmap_js|_munmap_js)$/;
const FILE_IMPORTS = 26;

/** Its objects refer to each other, which keeps the minifier from dropping what nothing else refers to. */
const OBJECTS = new Set(["FS", "MEMFS", "PATH_FS", "SYSCALLS", "TTY"]);

/** The statements that set it up. */
const SETUP = new Set([
  'if (!Module["noFSInit"] && !FS.initialized) FS.init();',
  "TTY.init();",
  "FS.ignorePermissions = false;",
  "FS.createPreloadedFile = FS_createPreloadedFile;",
  "FS.preloadFile = FS_preloadFile;",
  "FS.staticInit();",
]);

/** Replaces the file system by the one device that is read. */
export function dropFileSystem(code: string): string {
  const imports: Edit[] = [];
  const objects: Edit[] = [];
  const setup: Edit[] = [];
  const look = (node: Edit): void => {
    if (SETUP.has(code.slice(node.start, node.end))) setup.push(spanOf(node));
  };
  visit(code, {
    ExpressionStatement: look,
    IfStatement: look,
    VariableDeclarator({ id, init }) {
      if (id.type !== "Identifier" || init?.type !== "ObjectExpression") return;
      if (OBJECTS.has(id.name)) objects.push({ ...spanOf(init), text: "undefined" });
      if (id.name !== "wasmImports") return;
      for (const member of init.properties) {
        if (member.type !== "Property" || member.key.type !== "Identifier") continue;
        if (FILE_IMPORT.test(member.key.name)) imports.push({ ...spanOf(member.value), text: stub(member.key.name) });
      }
    },
  });
  const found = [imports.length, objects.length, setup.length];
  if (found.join() !== [FILE_IMPORTS, OBJECTS.size, SETUP.size].join()) {
    throw new Error(
      `sqlite-wasm's file system is not as test/tools/build/file-system.ts knows it: found ${found.join(", ")} parts.`,
    );
  }
  return edit(code, [...imports, ...objects, ...setup]);
}

/** Fails where a bundle still has the file system in it. */
export function checkNoFileSystem(bundled: string): void {
  if (bundled.includes("ErrnoError")) throw new Error("The minifier kept Emscripten's file system.");
}

// System calls answer a negative error number, WASI's functions a positive one.
function stub(name: string): string {
  return SEEDING[name] ?? `() => ${name.startsWith("fd_") ? NOT_SUPPORTED : -NOT_SUPPORTED}`;
}

function spanOf({ start, end }: Edit): Edit {
  return { start, end };
}
