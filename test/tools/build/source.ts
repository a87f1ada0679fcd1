import { parseSync, Visitor, type VisitorObject } from "rolldown/utils";

/** A part of a source text, and what takes its place: nothing, unless said. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text?: string;
}

/** Calls the visitor's functions for the nodes of a JavaScript module. */
export function visit(code: string, visitor: VisitorObject): void {
  new Visitor(visitor).visit(parseSync("module.mjs", code).program);
}

/** The text after the edits; one that lies within another is done with it. */
export function edit(code: string, edits: readonly Edit[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, text = "" } of edits.toSorted((a, b) => a.start - b.start)) {
    if (start < at) continue;
    result += code.slice(at, start) + text;
    at = end;
  }
  return result + code.slice(at);
}
