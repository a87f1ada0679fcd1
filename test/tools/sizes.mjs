import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const ENTRY = "consumer";

/** Bytes, after gzip -9, that a consumer's bundle grows by: what is imported, tree-shaken and minified. */
export async function pageSize() {
  const bundle = await rolldown({
    input: ENTRY,
    platform: "browser",
    plugins: [
      {
        name: ENTRY,
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) =>
          id === ENTRY
            ? `export { connect, SQLiteContextStore } from "${process.cwd()}/dist/src/index.js";`
            : undefined,
      },
    ],
  });
  const { output } = await bundle.generate({ minify: true, comments: { legal: false } });
  await bundle.close();
  return output.reduce((sum, chunk) => sum + gzipped(chunk.code), 0);
}

/** Bytes, after gzip -9, of all that a browser downloads. */
export async function wholeSize() {
  const files = ["worker.js", "broker.js", "sqlite3.wasm"].map((name) => gzipped(readFileSync(`dist/worker/${name}`)));
  return (await pageSize()) + files.reduce((sum, size) => sum + size, 0);
}

function gzipped(data) {
  return gzipSync(data, { level: 9 }).length;
}
