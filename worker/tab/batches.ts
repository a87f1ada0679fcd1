import { readStoredContent } from "../../src/content.js";
import type { MessageRow, Unreadable, WireContent, WireRow } from "../../src/operations.js";
import { unseal } from "../envelopes/envelope.js";
import { isPlainJson, jsonToContent } from "../envelopes/stored-json.js";
import type { ReadMessage } from "./decoded.js";

/** The most text that one answer to the page holds, unless one message alone is longer: a few milliseconds of parsing. */
const BATCH_CHARACTERS = 128 * 1024;
const BATCH_ROWS = 500;

/** A row of the owner's answer; its content may be the JSON that is kept here. */
export type Row = MessageRow<string | { readonly json: string }>;

/** Messages, as the page gets them in one piece. */
export interface Batch {
  readonly rows: readonly WireRow[];
  readonly isLast: boolean;
}

/** Reads the contents of rows, a batch at a time. Gives at least one. What has been read is added to `read`. */
export function* batchesOf(rows: readonly Row[], read: ReadMessage[]): Generator<Batch, void> {
  do {
    yield { rows: next(rows, read), isLast: read.length === rows.length };
  } while (read.length < rows.length);
}

function next(rows: readonly Row[], read: ReadMessage[]): WireRow[] {
  const batch: WireRow[] = [];
  for (let characters = 0; characters < BATCH_CHARACTERS && batch.length < BATCH_ROWS;) {
    const row = rows[read.length];
    if (!row) break;
    const { id, uid, position, createdAt, role, metadata, status } = row;
    const content = readContent(row, read);
    batch.push([position, role, content, id, uid, createdAt, metadata, status]);
    characters += typeof content === "string" ? content.length : String(row.content).length;
  }
  return batch;
}

function readContent({ id, status, content }: Row, read: ReadMessage[]): WireContent | Unreadable {
  if (typeof content === "object" && content !== null) {
    read.push({ id, status, json: content.json });
    return content.json;
  }
  try {
    const json = unseal(content);
    const isPlain = isPlainJson(json);
    read.push({ id, status, json: isPlain ? json : undefined });
    return isPlain ? json : readStoredContent(jsonToContent(json));
  } catch (error) {
    read.push({ id, status, json: undefined });
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
}
