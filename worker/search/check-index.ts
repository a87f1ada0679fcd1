import type { IntegrityProblem } from "../../src/reports.js";
import type { Steps } from "../slices.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";
import type { SearchIndex } from "./search-index.js";

/** Looks for damage in the index, and for messages that it should have and has not. */
export function* checkIndex(db: Database, index: SearchIndex, dbNames: readonly string[]): Steps<IntegrityProblem[]> {
  const damage = damageOf(index);
  if (damage.length > 0) return damage.map((detail) => ({ kind: "index", detail, repairable: true }));
  const problems: IntegrityProblem[] = [];
  for (const dbName of index.dbNames) {
    if (!dbNames.includes(dbName)) continue;
    let missing = 0;
    let last = 0;
    const end = index.lastId(dbName);
    for (let ids; (ids = db.rows(tables(dbName).idsAfter, last)).length > 0 && last < end;) {
      for (const [id] of ids) {
        last = Number(id);
        if (last <= end && !index.has(dbName, last)) missing++;
      }
      yield;
    }
    if (missing === 0) continue;
    problems.push({ kind: "index", dbName, detail: `The search index lacks ${missing} messages.`, repairable: true });
  }
  return problems;
}

function damageOf(index: SearchIndex): string[] {
  try {
    return index.check();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
