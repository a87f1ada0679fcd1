import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import * as aiSdk from "../../src/ai-sdk.js";
import * as api from "../../src/index.js";
import { moduleOf, readExamples, slugOf, sourceOf } from "../readme/examples.js";

const root = new URL("../../", import.meta.url).pathname;
const markdown = await readFile(join(root, "README.md"), "utf8");
const examples = readExamples(markdown);

describe("README.md", () => {
  test("has a quick start of at most 12 lines", () => {
    const { blocks } = examples.find(({ name }) => name === "quick start")!;
    expect(blocks).toHaveLength(1);
    expect(blocks[0]!.code.trimEnd().split("\n").length).toBeLessThanOrEqual(12);
  });

  test.each([
    ["the package", Object.keys(api)],
    ["its part for the AI SDK", Object.keys(aiSdk)],
  ])("names everything that %s exports", (_, names) => {
    expect(names.filter((name) => !markdown.includes(`\`${name}`))).toEqual([]);
  });

  test("has examples that compile with the package's public types", { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "axio-context-opfs-readme-"));
    try {
      await writeExamples(folder);
      const tsc = join(root, "node_modules/.bin/tsc");
      const output = await promisify(execFile)(tsc, ["-p", folder]).then(
        () => "",
        (error: { stdout: string }) => error.stdout,
      );
      expect(output).toBe("");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("readExamples", () => {
  test("refuses a block that no test would run", () => {
    expect(() => readExamples("```ts\nconst a = 1;\n```\n")).toThrow("README.md:2");
    expect(() => readExamples("```js\nconst a = 1;\n```\n")).toThrow("1 blocks");
    expect(() => readExamples("- list\n\n  ```ts\n  const a = 1;\n  ```\n")).toThrow("1 blocks");
    expect(() => readExamples("<!-- example: b; continues: a -->\n```ts\nb();\n```\n")).toThrow('"a"');
  });

  test("makes one program of blocks that continue each other, and turns comments into expectations", () => {
    const shown = [
      '<!-- example: first; given: x -->\n```ts\nimport { a } from "a";\nconst b = a(x);\n```\n',
      "<!-- example: second; continues: first -->\n```ts\nconsole.log(b); // → { b: 1, … }\n// → [\n//   2,\n//   3\n//   ]\n```\n",
    ].join("\n");
    const [, second] = readExamples(shown);
    expect(moduleOf(second!).replaceAll(/\s+/g, " ")).toBe(
      'import { a } from "a"; export async function run({ console, expected, x }) { const b = a(x); ' +
        "console.log(b); expected(() => ({ b: 1 }), true); expected(() => ([ 2, 3 ]), false); }",
    );
    expect(sourceOf(second!).split("\n")[3]).toBe("const b = a(x);");
  });
});

/** One module per example, each line where it stands in README.md, so that the compiler's messages name it. */
async function writeExamples(folder: string): Promise<void> {
  await mkdir(join(folder, "README.md"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  for (const example of examples) {
    const given = example.given.map((name) => `declare const ${name}: import("given").Given["${name}"];`).join(" ");
    await writeFile(join(folder, "README.md", `${slugOf(example)}.ts`), `${given} ${sourceOf(example)}`);
  }
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      isolatedDeclarations: false,
      declaration: false,
      noUnusedLocals: false,
      lib: ["ES2024", "ESNext.Disposable", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
      types: ["vite/client"],
      paths: {
        "axio-context-opfs": [join(root, "src/index.ts")],
        "axio-context-opfs/ai-sdk": [join(root, "src/ai-sdk.ts")],
        given: [join(root, "test/readme/given.ts")],
      },
    },
    files: [],
    include: ["README.md/*.ts"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
}
