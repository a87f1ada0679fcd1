import type { KeptStep } from "./kept.js";
import { Random } from "./random.js";

// What a tab of the torture does, and what it says about it: shared by the page and the harness.

/**
 * A call, as it is recorded before it is made. Its id is `<life>-<number>`; the numbers of a life are in the order of its
 * calls. A life is one loading of the page in one tab.
 */
export type Operation = { readonly id: string; readonly session: string } & (
  | { readonly kind: "append" | "clear" | "delete" | "read" | "title" }
  | { readonly kind: "appendAll" | "import"; readonly count: number }
  /** A message that is streamed: it is written from the one on, and complete with the other. */
  | { readonly kind: "begin" }
  | { readonly kind: "finish"; readonly of: string }
  /** An edit of what the page has read: `row` is overwritten, or the last one that is kept. */
  | { readonly kind: "replace" | "truncate"; readonly row: Place }
  /** One of the page's calls in a session that it has for itself, where each waits for the one before. */
  | { readonly kind: "keep"; readonly step: KeptStep }
  | { readonly kind: "fork"; readonly target: string; readonly upTo?: number }
  | { readonly kind: "addTokens" | "setTokens"; readonly input: number; readonly output: number }
);

/** Where a message stands. */
export interface Place {
  readonly key: string;
  readonly id: number;
  readonly position: number;
}

/** A message as a tab found it. */
export interface Row extends Place {
  /** The first word of its text: which call wrote it. */
  readonly key: string;
  /** Whether it is still being written. */
  readonly isPartial: boolean;
  /** Whether text, role and uid are those that were written. */
  readonly isIntact: boolean;
}

/** How a call ended. */
export interface Answer {
  readonly id: string;
  readonly outcome: "done" | "not-applied" | "unknown";
  readonly error?: string;
  /** An append that was `unknown`, and was made again with its uid. */
  readonly repeated?: true;
  /** The id of the row that an append wrote. */
  readonly row?: number;
  /** What a read found. */
  readonly rows?: readonly Row[];
  /** The number of the first commit of the owner that this tab has met last. */
  readonly owner: number;
  /** When it came, as `Date.now()` gives it in the page and outside of the browser. */
  readonly at: number;
}

/** What a page posts to the recorder: calls that it is about to make, answers that it has got, or its last word. */
export interface Report {
  readonly life: number;
  readonly issued?: readonly Operation[];
  readonly answers?: readonly Answer[];
  /** When the page was left, as `Date.now()` gives it. */
  readonly left?: number;
}

/** How a life begins. */
export interface Life {
  readonly life: number;
  readonly seed: number;
  /** A session that all tabs of the time write. */
  readonly shared: string;
  /** Another one, which they also edit. */
  readonly edited: string;
  /** Milliseconds that its calls wait for an owner. */
  readonly busyTimeout: number;
  /** The most calls that it makes in one go. */
  readonly atOnce: number;
  /** Where the reports go. */
  readonly recorder: string;
}

/** What is in a session. */
export interface SessionState {
  readonly session: string;
  readonly rows: readonly Row[];
  readonly tokens: { readonly inputTokens: number; readonly outputTokens: number };
  readonly title?: string | undefined;
}

/** What each tab of a crowd does, in which nobody dies. */
export interface CrowdWork {
  /** How many messages it appends. */
  readonly each: number;
  /** So many of them at once. */
  readonly atOnce: number;
  /** Milliseconds between one lot and the next. */
  readonly rest: number;
}

/** What a tab of a crowd was told. */
export interface CrowdRecord {
  readonly appended: {
    readonly session: string;
    readonly key: string;
    readonly id: number;
    readonly position: number;
    /** By the clock that the tabs share. */
    readonly at: number;
  }[];
  readonly tokens: { readonly session: string; readonly input: number; readonly output: number }[];
  readonly reads: { readonly session: string; readonly rows: readonly Row[] }[];
  readonly forks: { readonly session: string; readonly of: string }[];
}

/** An append that a tab of a crowd was told of. */
export interface HeardAppend {
  readonly session: string;
  readonly position: number;
  readonly commit: number;
  readonly at: number;
}

/** The keys of the rows that a call writes. */
export function keysOf(operation: Operation): readonly string[] {
  if (operation.kind === "append" || operation.kind === "begin") return [operation.id];
  if (operation.kind === "replace") return [`${operation.id}.0`];
  if (operation.kind !== "appendAll" && operation.kind !== "import") return [];
  return Array.from({ length: operation.count }, (_, place) => `${operation.id}.${place}`);
}

/** The text of the row of a key: now and then long enough to be compressed. */
export function textOf(key: string): string {
  const text = texts.get(key) ?? makeText(key);
  texts.set(key, text);
  return text;
}

/** Those that are known: made anew at each look, they would cost a page more than what it reads. */
const texts = new Map<string, string>();

function makeText(key: string): string {
  let seed = 0;
  for (const char of key) seed = Math.imul(seed ^ char.charCodeAt(0), 0x01000193);
  const random = new Random(seed);
  const length = random.below(10) === 0 ? random.below(400) : random.below(20);
  return [key, ...Array.from({ length }, () => random.below(2 ** 32).toString(36))].join(" ");
}

export function roleOf(key: string): "user" | "assistant" {
  return key.charCodeAt(key.length - 1) % 2 === 0 ? "user" : "assistant";
}

/** The place of a call among those of its life. */
export function numberOf({ id }: Operation): number {
  return Number(id.split("-")[1]);
}
