import type { Delta, SessionKey } from "../../src/operations.js";
import { seal, unseal } from "../envelopes/envelope.js";
import { tables } from "../sql/tables.js";
import type { Database, Row } from "../sqlite/database.js";
import { dbNames } from "./schema.js";
import { computePreview } from "./summaries.js";

// A message that is still being written is a row and parts: each says how much of the JSON text before it is still true,
// at its beginning and at its end, and what stands between. So a write costs what is new, and not what was written before.

/** Adds what is new of a partial row's JSON text. */
export function addPart(db: Database, dbName: string, id: number, { keep, text, tail }: Delta): void {
  // Nothing of what was written before is needed any more.
  if (keep + tail === 0) db.run(tables(dbName).deleteParts, id);
  db.run(tables(dbName).addPart, id, keep, text, tail);
}

/**
 * The content of a partial row, as far as it was written, in a form that the envelope's reader takes. `limit`: of the
 * characters that are copied because a part stands before the last one.
 */
export function assemble(db: Database, dbName: string, id: number, stored: unknown, limit: number = Infinity): string {
  const parts = db.rows(tables(dbName).parts, id);
  if (parts.length === 0) return stored as string;
  try {
    const [keep, , tail] = parts[0]!;
    return join(parts, keep === 0 && tail === 0 ? "" : unseal(stored), limit);
  } catch {
    // A damaged row costs itself alone: who reads it finds out again.
    return stored as string;
  }
}

/** Nearly every part stands where the last one ended: what is before that is not copied for each of thousands. */
function join(parts: readonly Row[], base: string, limit: number): string {
  const done: string[] = [];
  let length = 0;
  let rest = base;
  for (const [keep, text, tail] of parts as [number, string, number][]) {
    // A foreign file's may be of any type, and any number.
    const isWhole = Number.isSafeInteger(keep) && keep >= 0 && Number.isSafeInteger(tail) && tail >= 0;
    if (!isWhole || typeof text !== "string" || keep + tail > length + rest.length)
      throw new Error("a part keeps more than there is, or is none");
    if (keep < length || tail > rest.length) {
      limit -= length + rest.length;
      if (limit < 0) throw new Error("the parts take too long to be put together");
      rest = done.splice(0).join("") + rest;
      length = 0;
    }
    done.push(rest.slice(0, keep - length), text);
    length = keep + text.length;
    rest = rest.slice(rest.length - tail);
  }
  return done.join("") + rest;
}

/**
 * Writes the parts of all partial rows into the rows themselves: for whoever reads or copies the rows alone, as Python
 * does. The rows stay partial, and those who write them notice nothing.
 */
export function fold(db: Database, dbName: string): void {
  const sql = tables(dbName);
  for (const [id, sessionId, project, role, content] of db.rows(sql.withParts)) {
    const json = assemble(db, dbName, Number(id), content);
    if (json === content) continue;
    db.run(sql.setContent, id, seal(json));
    db.run(sql.deleteParts, id);
    const session: SessionKey = { dbName, sessionId: String(sessionId), project: String(project) };
    if (role === "user") db.run(sql.setPreview, sessionId, project, computePreview(db, session));
  }
}

/** The same for all prefixes of the file. */
export function foldAll(db: Database): void {
  for (const dbName of dbNames(db)) fold(db, dbName);
}

/** The same for an export, which must also succeed where nothing can be written: then it holds the parts as they are. */
export function foldForExport(db: Database): void {
  try {
    db.transaction(() => foldAll(db));
  } catch {
    // A full disk, or a damaged page: all the more reason to let the user have the file.
  }
}
