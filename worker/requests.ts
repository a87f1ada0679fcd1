import type { LocalOperation, OperationName } from "../src/operations.js";
import type { Request } from "../src/protocol.js";

/** What the owner is asked for; the rest of a history is with the worker that reads it. */
export type OwnerOperation = Exclude<OperationName, LocalOperation>;

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
