import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserCommand } from "vitest/node";
import { PYTHON, PYTHON_OPTIONS } from "./python/python.js";

/** What a script of test/python printed, and the database as the script left it. */
export interface PythonResult {
  readonly output: unknown;
  readonly file: string;
}

/** Runs a script of test/python on a database file (in base64; "" for none), with JSON on its standard input. */
export const python: BrowserCommand<[script: string, file: string, input: unknown]> = async (
  _,
  script,
  file,
  input,
): Promise<PythonResult> => {
  const directory = await mkdtemp(join(tmpdir(), "axio-context-opfs-python-"));
  try {
    const database = join(directory, "history.db");
    if (file !== "") await writeFile(database, Buffer.from(file, "base64"));
    const printed = await run(join(import.meta.dirname, "python", `${script}.py`), database, JSON.stringify(input));
    return { output: JSON.parse(printed), file: (await readFile(database)).toString("base64") };
  } finally {
    await rm(directory, { recursive: true });
  }
};

function run(script: string, database: string, input: string): Promise<string> {
  const child = spawn(PYTHON, [...PYTHON_OPTIONS, script, database]);
  let printed = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (printed += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (complaint += chunk));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      if (status === 0) resolve(printed);
      else reject(new Error(`${script} ended with ${status}: ${complaint}`));
    });
  });
}
