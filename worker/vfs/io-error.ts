// SQLite knows a failure of the file system by a number alone. What the browser threw is kept here meanwhile.

let kept: { readonly error: unknown; readonly resultCode: number } | undefined;

/** Keeps what was thrown while `resultCode` is on its way through SQLite. */
export function keepIoError(error: unknown, resultCode: number): void {
  kept = { error, resultCode };
}

/**
 * What lies behind a failure that SQLite reports with `resultCode`: the last that the files failed with, if it was with
 * that code. An older one, which SQLite got over (a checkpoint on a full disk), must not explain a later failure.
 */
export function takeIoError(resultCode: number): Error | undefined {
  const found = kept;
  kept = undefined;
  // The low byte is the primary code of an extended one.
  if (found === undefined || ((found.resultCode ^ resultCode) & 0xff) !== 0) return undefined;
  return found.error instanceof Error ? found.error : undefined;
}
