/**
 * What went wrong, for code to decide on. Every message says what happened and what to do about it.
 *
 * - `invalid-argument`: a path, id, name or number that this call does not take.
 * - `invalid-message`: a message that the file format cannot hold.
 * - `unsupported`: this browser, origin or backend cannot do it.
 * - `busy`: the database was held elsewhere for longer than `busyTimeout`.
 * - `quota`: the disk or the origin's quota is full. Reads go on; writes work again once there is room.
 * - `corrupt`: stored bytes do not make sense; the message names which.
 * - `not-a-database`: the file is not an SQLite database.
 * - `newer-schema`: the database was written by a newer version of this package.
 * - `conflict`: the rows are no longer those that the caller expected.
 * - `not-found`: what the call names is not there.
 * - `storage-cleared`: the browser or the user deleted the site's data while the database was open.
 * - `worker-failed`: the worker, or the WebAssembly file beside it, could not be loaded, or died.
 * - `protocol-mismatch`: page, worker or another tab run different versions of this package.
 * - `aborted`: the caller's `AbortSignal` fired.
 * - `closed`: the connection was closed.
 */
export type ErrorCode =
  | "invalid-argument"
  | "invalid-message"
  | "unsupported"
  | "busy"
  | "quota"
  | "corrupt"
  | "not-a-database"
  | "newer-schema"
  | "conflict"
  | "not-found"
  | "storage-cleared"
  | "worker-failed"
  | "protocol-mismatch"
  | "aborted"
  | "closed";

/**
 * What a write that rejected left behind. `"not-applied"`: it is not in the database and never will be.
 * `"unknown"`: it may be there, at most once; an append is safely repeated with the same `uid`.
 */
export type WriteOutcome = "not-applied" | "unknown";

/** What to do where something has happened that cannot. */
export const DEFECT: string = "This is a defect of axio-context-opfs; please report it";

/** Every error that this package rejects with or throws. The underlying error, if any, is its `cause`. */
export class ContextStoreError extends Error {
  override readonly name = "ContextStoreError" as const;
  readonly code: ErrorCode;
  readonly outcome: WriteOutcome;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; outcome?: WriteOutcome | undefined } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.outcome = options.outcome ?? "not-applied";
  }
}

/** Whether `value` is an error of this package, also when another copy of the package or another realm made it. */
export function isContextStoreError(value: unknown): value is ContextStoreError {
  return (
    typeof value === "object" &&
    value !== null &&
    "code" in value &&
    "name" in value &&
    value.name === "ContextStoreError"
  );
}
