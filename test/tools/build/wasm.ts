import { readFile } from "node:fs/promises";
import binaryen from "binaryen";

/** Names what is used of the module. */
const EXPORTS = "worker/sqlite/exports.ts";

/** What the module's code is made of. With more allowed, it might come out in a form that few browsers know. */
const FEATURES = [
  binaryen.Features.MutableGlobals,
  binaryen.Features.SignExt,
  binaryen.Features.BulkMemory,
  binaryen.Features.BulkMemoryOpt,
  binaryen.Features.NontrappingFPToInt,
].reduce((all, feature) => all | feature);

/**
 * SQLite's WebAssembly, without the functions that nothing calls once only what the worker uses is exported: those are a
 * thirteenth of its size after gzip.
 */
export async function usedWasm(file: string): Promise<Uint8Array> {
  const [wasm, exports] = await Promise.all([readFile(file), readFile(EXPORTS, "utf8")]);
  const used = new Set(Array.from(exports.matchAll(/^ +(?:readonly )?(\w+)[(:]/gm), ([, name]) => name));
  const module = binaryen.readBinary(wasm);
  module.setFeatures(FEATURES);
  const names = Array.from({ length: module.getNumExports() }, (_, place) => {
    return binaryen.getExportInfo(module.getExportByIndex(place)).name;
  });
  for (const name of names) if (!used.has(name)) module.removeExport(name);
  module.runPasses(["remove-unused-module-elements"]);
  const result = module.emitBinary();
  module.dispose();
  return result;
}
