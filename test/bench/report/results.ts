import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Circumstances, Measurements } from "../measurements.js";
import { PARTS, type Part } from "../options.js";

/** Where the results lie that the README shows. */
export const KEPT: string = join(import.meta.dirname, "../results");
/** Where all others do. */
export const LATEST: string = join(import.meta.dirname, "../../../dist/bench");

/** A part of the benchmark as it was measured. */
export interface Result {
  readonly part: Part;
  readonly circumstances: Circumstances;
  readonly measurements: Measurements;
}

export function writeResult(folder: string, { part, circumstances, measurements }: Result): void {
  const { values, failures } = measurements;
  writeText(
    join(folder, `${part}.json`),
    `${JSON.stringify({ circumstances, values: shortened(values), failures }, undefined, 2)}\n`,
  );
}

/** The results of all parts that there are. */
export function readResults(folder: string): Partial<Record<Part, Result>> {
  const found: Partial<Record<Part, Result>> = {};
  for (const part of PARTS) {
    const file = join(folder, `${part}.json`);
    if (!existsSync(file)) continue;
    const { circumstances, values, failures } = JSON.parse(readFileSync(file, "utf8"));
    found[part] = { part, circumstances, measurements: Measurements.from({ values, failures }) };
  }
  return found;
}

export function writeText(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function shortened(values: Measurements["values"]): Measurements["values"] {
  return JSON.parse(
    JSON.stringify(values, (_key, value: unknown) =>
      typeof value === "number" ? Number(value.toPrecision(4)) : value,
    ),
  );
}
