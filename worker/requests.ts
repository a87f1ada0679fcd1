import { type LocalOperation, LONG, type OperationName, WRITES } from "../src/operations.js";
import type { Request } from "../src/protocol.js";

/** What the owner of the database is asked for. */
export type OwnerOperation = Exclude<OperationName, LocalOperation>;

/** Contents are sealed text. */
export type OwnerRequest<Name extends OwnerOperation = OwnerOperation> = Request<Name, string>;

/** Whether this is what a request asks for. */
export function is<Name extends OperationName, Content>(
  request: Request<OperationName, Content>,
  name: Name,
): request is Request<Name, Content> {
  return request.name === name;
}

/** Calls of one page that arrived together. */
export interface Batch {
  readonly client: string;
  /** The calls that the page waits for; see Ledger.settle. */
  readonly unanswered: readonly number[];
  readonly requests: readonly OwnerRequest[];
}

/** Whether calls take their time. Such a call travels alone. */
export function isLong({ requests }: Pick<Batch, "requests">): boolean {
  return requests.some(({ name }) => LONG.has(name));
}

/** Whether they can be carried out at once, and leave everything as it is. */
export function isReading(batch: Pick<Batch, "requests">): boolean {
  return !isLong(batch) && batch.requests.every(({ name }) => !WRITES.has(name));
}
