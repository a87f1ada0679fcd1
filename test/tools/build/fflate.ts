import { build, type Plugin } from "rolldown";

/** The module's path, on every system. */
const FFLATE = /[\\/]fflate[\\/]esm[\\/]browser\.js$/;

/** What is used of it, in a module of its own. */
const USED = "\0fflate-used";

// fflate makes 170 KB of tables for each envelope, of which a message of a kilobyte touches next to nothing. To make and to
// collect them was a twentieth of an append, and a quarter of a burst, when it was measured by hand. It has no option to
// keep them. Compressing in one go, it reads of them only what it has written for the same text, but for the heads of the
// chains, which begin as zeros.
const KEPT: readonly (readonly [found: string, replacement: string])[] = [
  [
    "var prev = st.p || new u16(32768), head = st.h || new u16(msk_1 + 1);",
    "var prev = (keptPrev ||= new u16(32768)), head = (keptHeads[plvl] ||= new u16(msk_1 + 1)).fill(0);",
  ],
  ["var syms = new i32(25000);", "var syms = (keptSyms ||= new i32(25000));"],
  ["var dflt = function", "var keptPrev, keptSyms, keptHeads = [];\nvar dflt = function"],
];

/**
 * fflate as the built worker has it: it keeps its tables between two envelopes, and makes those that never change, for
 * which every page would wait that opens a database, when the first envelope is made. What it makes is the same to the
 * byte.
 */
export function fflate(): Plugin {
  let isFound = false;
  return {
    name: "fflate",
    buildEnd(error) {
      if (!error && !isFound) throw new Error("fflate is not where it was expected to be.");
    },
    async load(id) {
      if (!FFLATE.test(id)) return undefined;
      isFound = true;
      const { output } = await build({
        input: USED,
        platform: "browser",
        plugins: [
          {
            name: "fflate-used",
            resolveId: (wanted) => (wanted === USED ? USED : undefined),
            load: (wanted) => (wanted === USED ? `export { gzipSync } from ${JSON.stringify(id)};` : undefined),
            transform: (code, module) => (module === id ? withKeptTables(code) : undefined),
          },
        ],
        output: { format: "iife", name: "fflate", comments: false },
        write: false,
      });
      return `
        let made;
        export function gzipSync(data, options) {
          return (made ??= evaluate()).gzipSync(data, options);
        }
        function evaluate() {
          ${output[0].code}
          return fflate;
        }`;
    },
  };
}

function withKeptTables(code: string): string {
  return KEPT.reduce((text, [found, replacement]) => {
    if (text.split(found).length !== 2) throw new Error(`Expected "${found}" once in fflate.`);
    return text.replace(found, replacement);
  }, code);
}
