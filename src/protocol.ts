import type { ContextChange } from "./changes.js";
import type { ErrorCode, WriteOutcome } from "./errors.js";
import {
  type ImportReport,
  type LocalOperation,
  LONG,
  type OperationName,
  type Operations,
  type WireContent,
} from "./operations.js";

// What the page's half says to its own worker and to that of the tab that owns the database, and they to it: typed here
// once, used by both halves.

/**
 * Raised at every incompatible change of this file and of the operations. A page and a worker of different numbers refuse
 * each other.
 */
export const PROTOCOL = 4;

/** What a connection asks of each of its calls. */
export interface CallTerms {
  /** Flush to the disk before the answer (`synchronous: "full"`). */
  readonly full: boolean;
  /** Milliseconds that the call waits for the database while another tab holds it. */
  readonly busyTimeout: number;
}

/** One call of one page. */
export interface Request<Name extends OperationName = OperationName, Content = WireContent> {
  /** Grows by one with each call of this page. */
  readonly seq: number;
  readonly name: Name;
  readonly args: Parameters<Operations<Content>[Name]>[0];
  readonly terms: CallTerms;
  /** An earlier worker of the page was given it, and may have passed it on. */
  readonly isRepeated?: true;
  /** Milliseconds that a line has left it unanswered: part of the time that it waits. */
  readonly waited?: number;
}

/** The most calls that travel together: what the owner commits in one transaction. */
export const BATCH = 128;

/**
 * Takes the next calls that travel together, and wait as long for it. What takes its time travels alone, and so does what
 * reads a history: there is nothing to share, and others have their turn between two of them.
 */
export function takeBatch<Call extends { readonly request: Request }>(calls: Call[]): Call[] {
  const patience = calls[0]?.request.terms.busyTimeout;
  const next = calls
    .slice(0, BATCH)
    .findIndex(({ request }) => travelsAlone(request) || request.terms.busyTimeout !== patience);
  return calls.splice(0, next < 0 ? BATCH : Math.max(next, 1));
}

function travelsAlone(request: Request): boolean {
  return request.name === "messages" || request.name === "rest" || isLocal(request) || LONG.has(request.name);
}

/** Whether the tab's own worker answers it, whoever owns the database. */
export function isLocal(request: Request): request is Request<LocalOperation> {
  return request.name === "wait";
}

/** Whether it goes by way of the tab's own worker, also where the page has a line to the owner. */
export function takesDetour(request: Request): boolean {
  return isLocal(request) || LONG.has(request.name);
}

/** An error on the bridge: Comlink and structured clone would lose its class and code. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly outcome: WriteOutcome;
  readonly cause?: unknown;
}

export interface Success<Value> {
  readonly ok: true;
  readonly value: Value;
  /** Of what was read. Asked for what was seen in a version that there still is, the owner answers null. */
  readonly version?: string | undefined;
}

export type Reply<Value = unknown> = Success<Value> | { readonly ok: false; readonly error: WireError };

/** How a page opens a database. */
export interface OpenOptions {
  readonly protocol: number;
  readonly path: string;
  readonly storage: "opfs" | "memory";
  readonly busyTimeout: number;
  readonly searchIndex: "background" | "on-demand";
  /** The page: it outlives its workers. */
  readonly client: string;
  /** A lock that the worker holds as long as it lives; the page learns from it that the worker died. */
  readonly alive: string;
  /** The database that this page had open before: another one in its place means that the storage was cleared. */
  readonly databaseId?: string | undefined;
}

/** What the worker tells the page without being asked. "ended": the database is gone for good, and why. */
export type WorkerEvent =
  | { readonly type: "ended"; readonly error: WireError }
  | { readonly type: "changes"; readonly changes: readonly ContextChange[] }
  | ({ readonly type: "progress" } & ImportReport);

/** What the page offers to the worker. */
export interface PageApi {
  tell(event: WorkerEvent): void;
  /** A port to the shared worker that brings two tabs together, where there is one. */
  broker(): MessagePort | undefined;
  /** A port to the {@link LineApi} of the owner in another tab; none: the last one leads to nobody any more. */
  line(port: MessagePort | undefined): void;
}

/** What the owner of the database offers to the page of another tab. */
export interface LineApi {
  /** As {@link WorkerApi.run}. `deadline`, by the clock: what is not begun by then is not begun, nor what follows it. */
  run(requests: readonly Request[], unanswered: readonly number[], deadline: number): Promise<LineAnswer>;
}

export interface LineAnswer {
  readonly replies: readonly Reply[];
  /** The last commit that was made before. */
  readonly commit: number;
}

/** What the worker offers to the page. */
export interface WorkerApi {
  /** `page`: a port to the {@link PageApi}. */
  open(options: OpenOptions, page: MessagePort): Promise<Reply<{ readonly databaseId: string }>>;
  /** Answers each request in its place. `unanswered`: the page waits for these calls, in order, and for no earlier ones. */
  run(requests: readonly Request[], unanswered: readonly number[]): Promise<readonly Reply[]>;
  /** The owner says nothing through the line any more. */
  lineFailed(): Promise<void>;
  /** Whether the page wants to hear of changes. `shown`: the last commit that a line has shown it. */
  listen(wanted: boolean, shown: number): Promise<void>;
  /** Lets go of the database. Requests that have not been answered stay unanswered. */
  close(): Promise<void>;
}
