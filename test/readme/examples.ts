// README.md as the tests see it: the examples that it shows, each a program of its own.
//
// A comment before a block says which example it is:
//   <!-- example: list sessions; continues: quick start; given: model, file -->
// Blocks of one name are one program. `continues`: the blocks of that example come first, in the same scope. `given`:
// what the text of the README takes for granted and given.ts provides.
//
// What a program logs is what the README promises: `// → value` behind or below a console.log is what it must log, with
// `…` for properties that the README leaves out; lines that begin with `//   ` continue the value.

/** A block of code in README.md. */
export interface Block {
  readonly code: string;
  /** The line of README.md in which the code begins, from 1. */
  readonly line: number;
}

/** A program that README.md shows. */
export interface Example {
  readonly name: string;
  readonly given: readonly string[];
  readonly blocks: readonly Block[];
}

const FENCE = /^(?:<!-- example: (?<settings>[^\n]+?) -->\n\n?)?```(?<language>\w*)\n(?<code>[\s\S]*?)^```$/gm;
const ANY_SCRIPT = /^[ \t>]*(?:```|~~~)[ \t]*(?:tsx?|jsx?|typescript|javascript)\b/gim;
const IMPORT = /^import\s[^;]*;/gm;
const EXPECTED = /^(?<before>.*?)\/\/ → (?<first>.*)(?<rest>(?:\n[ \t]*\/\/ {3}.*)*)/gm;

/** The examples in order. Throws for a block that no test would run. */
export function readExamples(markdown: string): Example[] {
  const examples = new Map<string, { continues: string | undefined; given: string[]; blocks: Block[] }>();
  let found = 0;
  for (const { index, groups } of markdown.matchAll(FENCE)) {
    const { settings, language, code } = groups as { settings?: string; language: string; code: string };
    const line = lineOf(markdown, markdown.indexOf("```", index)) + 1;
    if (language !== "ts") continue;
    found += 1;
    if (settings === undefined) throw new Error(`README.md:${line}: the block has no name, so no test runs it.`);
    const { name, continues, given } = readSettings(settings);
    const example = examples.get(name) ?? { continues: undefined, given: [], blocks: [] };
    examples.set(name, {
      continues: continues ?? example.continues,
      given: [...example.given, ...given],
      blocks: [...example.blocks, { code, line }],
    });
  }
  const scripts = markdown.match(ANY_SCRIPT)?.length ?? 0;
  if (scripts !== found) throw new Error(`README.md has ${scripts} blocks of code, of which ${found} are examples.`);
  const whole = (name: string): Example => {
    const example = examples.get(name);
    if (!example) throw new Error(`README.md has no example "${name}".`);
    const { continues, given, blocks } = example;
    const base = continues === undefined ? undefined : whole(continues);
    return { name, given: [...(base?.given ?? []), ...given], blocks: [...(base?.blocks ?? []), ...blocks] };
  };
  return [...examples.keys()].map(whole);
}

/** The example as it stands, each line in the line that it has in README.md. */
export function sourceOf({ blocks }: Example): string {
  let source = "";
  let line = 1;
  for (const block of blocks) {
    source += "\n".repeat(block.line - line) + block.code;
    line = block.line + countLines(block.code);
  }
  return source;
}

/** A module with the function `run`, which does what the example does and tells what the README says of it. */
export function moduleOf(example: Example): string {
  const imports: string[] = [];
  const body = sourceOf(example)
    .replace(IMPORT, (statement) => {
      imports.push(statement.replaceAll("\n", " "));
      return "\n".repeat(countLines(statement));
    })
    .replace(EXPECTED, (_, before: string, first: string, rest: string) => {
      const value = first + rest.replaceAll(/^[ \t]*\/\/ {3}/gm, "");
      return `${before}expected(() => (${value.replaceAll(/,?\s*…/g, "")}), ${String(value.includes("…"))});`;
    });
  const given = ["console", "expected", ...example.given].join(", ");
  return `${imports.join(" ")} export async function run({ ${given} }) {${body}}`;
}

/** A name that can stand in a file's name. */
export function slugOf({ name }: Example): string {
  return name.replaceAll(/[^A-Za-z0-9]+/g, "-");
}

function readSettings(settings: string): { name: string; continues: string | undefined; given: string[] } {
  const [name = "", ...options] = settings.split(";").map((part) => part.trim());
  const values = new Map(
    options.map((option) => option.split(":").map((part) => part.trim()) as [key: string, value: string]),
  );
  for (const key of values.keys()) {
    if (key !== "continues" && key !== "given")
      throw new Error(`The example "${name}" has an unknown setting "${key}".`);
  }
  return { name, continues: values.get("continues"), given: values.get("given")?.split(/,\s*/) ?? [] };
}

function lineOf(text: string, index: number): number {
  return countLines(text.slice(0, index)) + 1;
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}
