import { parseSync, Visitor, type VisitorObject } from "rolldown/utils";

/** A part of a source text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Calls the visitor's functions for the nodes of a JavaScript module. */
export function visit(code: string, visitor: VisitorObject): void {
  new Visitor(visitor).visit(parseSync("module.mjs", code).program);
}

/** The text without the parts; a part may lie within another. */
export function cut(code: string, spans: readonly Span[]): string {
  let rest = "";
  let at = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start >= at) rest += code.slice(at, start);
    at = Math.max(at, end);
  }
  return rest + code.slice(at);
}
