import { readFile, writeFile } from "node:fs/promises";
import type { Plugin } from "rolldown";

/** What each half may contain. Everything else is a peer, or a mistake. */
const ALLOWED = {
  page: ["comlink"],
  worker: ["@sqlite.org/sqlite-wasm", "comlink", "fflate"],
} as const satisfies Record<string, readonly string[]>;

/** Writes the licences of what was bundled. The worker's half contains whatever the page's half does. */
export function thirdPartyLicenses(half: keyof typeof ALLOWED): Plugin {
  return {
    name: "third-party-licenses",
    async generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? Object.keys(file.modules) : []));
      const bundled = [...new Set(modules.map(packageOf))].filter((name) => name !== undefined).toSorted();
      const expected: readonly string[] = ALLOWED[half];
      if (bundled.join() !== expected.join()) {
        throw new Error(`The ${half} must bundle ${expected.join(", ")}; it bundles ${bundled.join(", ")}.`);
      }
      if (half === "page") return;
      const texts = await Promise.all(bundled.map(licenseOf));
      const rule = `\n${"-".repeat(80)}\n\n`;
      await writeFile(
        "THIRD-PARTY-LICENSES.txt",
        `This package contains the following software.\n\n${texts.join(rule)}`,
      );
    },
  };
}

function packageOf(module: string): string | undefined {
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1];
}

async function licenseOf(name: string): Promise<string> {
  const { version, license } = JSON.parse(await readFile(`node_modules/${name}/package.json`, "utf8")) as Record<
    string,
    string
  >;
  const heading = `${name} ${version}: ${license}\n\n`;
  if (name === "@sqlite.org/sqlite-wasm") return heading + (await sqliteLicense(name));
  return heading + (await readFile(`node_modules/${name}/LICENSE`, "utf8"));
}

/** The package names its licence without shipping the text; what it wraps is explained at the head of its module. */
async function sqliteLicense(name: string): Promise<string> {
  const module = await readFile(`node_modules/${name}/dist/index.mjs`, "utf8");
  const notice = /\/\* @preserve\n([\s\S]*?)\*\//.exec(module)?.[1]?.replaceAll(/^\*\* ?/gm, "");
  if (!notice?.includes("disclaims copyright")) throw new Error(`No licence notice found in ${name}.`);
  const apache = await readFile("node_modules/comlink/LICENSE", "utf8");
  return [notice.trim(), EMSCRIPTEN, apache].join("\n\n");
}

const EMSCRIPTEN = `Emscripten: Copyright (c) 2010-2014 Emscripten authors
musl, within sqlite3.wasm: Copyright (c) 2005-2020 Rich Felker, et al.

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
`;
