import { ContextStoreError, DEFECT, type ErrorCode, type WriteOutcome } from "../src/errors.js";
import { WRITES } from "../src/operations.js";
import type { Reply } from "../src/protocol.js";
import type { Batch, OwnerRequest } from "./requests.js";
import { takeIoError } from "./vfs/io-error.js";

// Turns whatever was thrown in the worker into one of the public error codes, with a sentence that says what to do.

const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
const SQLITE_IOERR_FSYNC = SQLITE_IOERR | (4 << 8);

/** Anything thrown, as an error of this package with the original as its cause. */
export function toContextStoreError(error: unknown, outcome: WriteOutcome = "not-applied"): ContextStoreError {
  if (error instanceof ContextStoreError) return error;
  const sqliteCode = sqliteResultCode(error);
  const io = sqliteCode === undefined ? undefined : takeIoError(sqliteCode);
  const fail = (code: ErrorCode, message: string) =>
    new ContextStoreError(code, message, { cause: io ?? error, outcome });
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof DOMException && error.name === "SecurityError") {
    return fail(
      "unsupported",
      'The browser forbids this page to store anything (a private window, or blocked site data). Allow it, or pass { storage: "memory" } to keep nothing.',
    );
  }
  if (error instanceof DOMException && (error.name === "NotReadableError" || error.name === "NotFoundError")) {
    return fail("not-found", `A file can no longer be read (${text}). Choose it again.`);
  }
  if (sqliteCode === SQLITE_FULL || isQuota(io) || isQuota(error)) {
    return fail(
      "quota",
      "The disk or the site's storage quota is full. Free some space, then try again; what is stored stays readable.",
    );
  }
  // Firefox closes our handles before it removes the files; nobody else does.
  if (io?.name === "InvalidStateError") return storageCleared(io);
  // The second: the number of its format is one that SQLite does not know.
  if (sqliteCode === SQLITE_NOTADB || text === "unsupported file format")
    return fail("not-a-database", "The file is not an SQLite database.");
  if (sqliteCode === SQLITE_CORRUPT) {
    return fail(
      "corrupt",
      `The database is damaged (${text}). checkIntegrity() tells what can be saved; rescueDatabase() gives the bytes.`,
    );
  }
  if (sqliteCode === SQLITE_IOERR)
    return fail(
      "corrupt",
      `The browser could not read or write the database file (${io?.message ?? text}). Try again, and reload the page if that does not help.`,
    );
  return fail("worker-failed", `The database worker failed: ${io ? `${text} (${io.message})` : text}. ${DEFECT}.`);
}

/** Whether the device did not take what had been written. */
export function isFailedFlush(error: unknown): boolean {
  return error instanceof Error && "resultCode" in error && error.resultCode === SQLITE_IOERR_FSYNC;
}

function sqliteResultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("resultCode" in error)) return undefined;
  // The low byte is the primary code of an extended one.
  return Number(error.resultCode) & 0xff;
}

function isQuota(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}

/** The files of the database are gone from the origin. */
export function storageCleared(cause?: unknown): ContextStoreError {
  return new ContextStoreError(
    "storage-cleared",
    "The site's data was deleted while the database was open. Connect again to start afresh.",
    { cause },
  );
}

/** Another tab has loaded a newer version of the application. */
export function newerVersion(): ContextStoreError {
  const message = "Another tab runs a newer version of this application. Reload this page to get it.";
  return new ContextStoreError("protocol-mismatch", message);
}

export function failure(error: unknown): Reply<never> {
  const { code, message, outcome, cause } = toContextStoreError(error);
  // A cause that structured clone refuses would take the whole answer with it.
  const plain = cause instanceof Error && { cause: new Error(`${cause.name}: ${cause.message}`) };
  return { ok: false, error: { code, message, outcome, ...plain } };
}

export function success<Value>(value: Value, version?: string): Reply<Value> {
  return { ok: true, value, version };
}

/** Answers a call that was not begun, this time: what is repeated may have been carried out before. */
export function refusal({ name, isRepeated }: OwnerRequest, error: unknown): Reply {
  const reply = failure(error);
  if (reply.ok || !isRepeated || !WRITES.has(name)) return reply;
  return { ok: false, error: { ...reply.error, outcome: "unknown" } };
}

/** Answers every call of a batch with the same error. */
export function failAll({ requests }: Pick<Batch, "requests">): (error: unknown) => readonly Reply[] {
  return (error) => requests.map((request) => refusal(request, error));
}
