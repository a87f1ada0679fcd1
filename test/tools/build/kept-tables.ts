import type { Plugin } from "rolldown";

/** A module's path, on every system. */
const FFLATE = /[\\/]fflate[\\/]esm[\\/]browser\.js$/;

// fflate makes 170 KB of tables for each envelope, of which a message of a kilobyte touches next to nothing; to make and
// collect them is a twentieth of an append, and a quarter of a burst. It has no option to keep them. Compressing in one go,
// it reads of them only what it has written for the same text, but for the heads of the chains, which begin as zeros.
const REPLACED: readonly (readonly [found: string, replacement: string])[] = [
  [
    "var prev = st.p || new u16(32768), head = st.h || new u16(msk_1 + 1);",
    "var prev = (keptPrev ||= new u16(32768)), head = (keptHeads[plvl] ||= new u16(msk_1 + 1)).fill(0);",
  ],
  ["var syms = new i32(25000);", "var syms = (keptSyms ||= new i32(25000));"],
  ["var dflt = function", "var keptPrev, keptSyms, keptHeads = [];\nvar dflt = function"],
];

/** Has fflate keep its tables between two envelopes. What it makes is the same to the byte. */
export function keptTables(): Plugin {
  let isDone = false;
  return {
    name: "kept-tables",
    transform(code, id) {
      if (!FFLATE.test(id)) return undefined;
      isDone = true;
      return REPLACED.reduce((text, [found, replacement]) => {
        if (text.split(found).length !== 2) throw new Error(`Expected "${found}" once in ${id}.`);
        return text.replace(found, replacement);
      }, code);
    },
    buildEnd(error) {
      if (!error && !isDone) throw new Error("fflate was not found where its tables could be kept.");
    },
  };
}
