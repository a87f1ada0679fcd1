import { ContextStoreError } from "./errors.js";
import type { ContextTokens } from "./messages.js";

const LONE_SURROGATE = /[\uD800-\uDFFF]/u;

/** Throws `invalid-argument`. */
export function refuse(message: string): never {
  throw new ContextStoreError("invalid-argument", message);
}

/** A session id, project or uid: 1 to 512 code units of well-formed text, so that UTF-8 and Python can hold it. */
export function checkName(what: string, value: string): string {
  if (typeof value !== "string" || value === "" || value.length > 512)
    refuse(`${what} must be a string of 1 to 512 characters.`);
  if (LONE_SURROGATE.test(value)) refuse(`${what} contains half of a surrogate pair, which UTF-8 cannot hold.`);
  if (value.includes("\0")) refuse(`${what} contains a NUL character.`);
  return value;
}

/** A table prefix. It stands in SQL, so nothing but the pattern gets through. */
export function checkDbName(value: string): string {
  if (typeof value !== "string" || !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(value) || /^sqlite(_|$)/i.test(value)) {
    refuse('dbName must match /^[A-Za-z_][A-Za-z0-9_]{0,63}$/ and not be "sqlite" or begin with "sqlite_".');
  }
  return value;
}

/** A count: a whole number from 0 to 2^53 - 1. */
export function checkCount(what: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) refuse(`${what} must be a whole number from 0 to 2^53 - 1.`);
  return value;
}

/** An object that is no instance of a class. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * An object with options, as it is now: each is read once. Of any other, what it inherits, or its class has a getter for,
 * would be overlooked.
 */
export function checkOptions<Options extends object>(
  options: Options,
  message: string = "Options are a plain object that can be read, such as { limit: 10 }.",
): Options {
  let cause: unknown;
  try {
    if (isPlain(options)) return { ...options };
  } catch (error) {
    cause = error;
  }
  throw new ContextStoreError("invalid-argument", message, { cause });
}

/** One of a few texts. */
export function checkChoice<Choice extends string>(what: string, value: Choice, choices: readonly Choice[]): Choice {
  if (!choices.includes(value)) refuse(`${what} is ${choices.map((choice) => `"${choice}"`).join(" or ")}.`);
  return value;
}

/** A signal, of whatever frame, or none. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && Object.prototype.toString.call(signal) !== "[object AbortSignal]")
    refuse("signal is an AbortSignal.");
}

/** An array, as it is now: the caller may change it afterwards. */
export function checkArray<Item>(what: string, value: readonly Item[]): Item[] {
  if (!Array.isArray(value)) refuse(`${what} must be an array.`);
  return Array.from(value);
}

/** A pair of token counts. */
export function checkTokens(input: number, output: number): ContextTokens {
  return {
    inputTokens: checkCount("The number of input tokens", input),
    outputTokens: checkCount("The number of output tokens", output),
  };
}

/**
 * A database path: names separated by "/". A leading "/" or "~/" is the origin's root, so that the Python package's
 * `~/.axio/chat.db` works here as it does there.
 */
export function checkPath(path: string): string {
  const names = typeof path === "string" ? path.replace(/^(?:~\/|\/)/, "") : "";
  if (names === "" || names.length > 200) refuse("A database path has 1 to 200 characters.");
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (LONE_SURROGATE.test(names) || /[\u0000-\u001f\u007f\\]/.test(names)) {
    refuse(
      `The database path ${JSON.stringify(path)} contains a control character, a backslash or half of a surrogate pair.`,
    );
  }
  if (names.split("/").some((name) => name === "" || name === "." || name === "..")) {
    refuse(`The database path ${JSON.stringify(path)} has a name that is empty, "." or "..".`);
  }
  return names;
}
