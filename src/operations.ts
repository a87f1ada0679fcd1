import type { MessageBatch } from "./message-batch.js";
import type { ContentBlock, ContextTokens, MessageRef, SearchHit } from "./messages.js";
import type {
  FileStatus,
  ImportProgress,
  ImportSummary,
  IntegrityReport,
  ProjectInfo,
  SearchStatus,
} from "./reports.js";

// What a database can be asked, and what it answers.

/** Which session in which project behind which table prefix. */
export interface SessionKey {
  readonly dbName: string;
  readonly project: string;
  readonly sessionId: string;
}

/** Blocks on the bridge, as values: to make their text is the worker's work, and the bytes of images travel as they are. */
export type WireContent = readonly ContentBlock[];

/** A message on its way into the database. `Content` is {@link WireContent} on the bridge and sealed text at the owner. */
export interface NewMessage<Content> {
  readonly uid: string;
  /** The uid has just been made by the page. */
  readonly isNew?: boolean;
  readonly role: string;
  readonly content: Content;
  /** What a list shows, should this become the session's first user message. The page leaves it to its worker. */
  readonly preview?: string;
  /** JSON text. */
  readonly metadata?: string;
  /** A message that is still being written. */
  readonly status?: "partial";
}

/**
 * What has become of a partial message's JSON text since it was last written: `keep` characters of its beginning, then
 * `text`, then `tail` characters of its end.
 */
export interface Delta {
  readonly keep: number;
  readonly text: string;
  readonly tail: number;
}

/** A message on its way out. */
export interface MessageRow<Content> {
  readonly id: number;
  readonly uid: string | null;
  readonly position: number;
  readonly createdAt: string;
  readonly role: string;
  readonly content: Content;
  readonly metadata: string | null;
  readonly status: "partial" | null;
}

/** Which messages of a session: positions, exclusive; always answered in order. */
export interface MessageRange {
  readonly last?: number | undefined;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

/** Which sessions of a project: `limit` of them, behind the one named by `after` in the order of its `time`. */
export interface SessionRange {
  readonly orderBy: "created" | "updated";
  readonly limit?: number | undefined;
  readonly after?: { readonly time: string; readonly sessionId: string } | undefined;
}

declare const item: unique symbol;

/** A list as JSON text, which is the cheapest to make, to post and to read. Between two items stands {@link BETWEEN}. */
export type ListText<Item> = string & { readonly [item]?: Item };

/** Stands nowhere inside of an item: JSON escapes line breaks. */
export const BETWEEN = ",\n";

/** In characters: what the main thread reads of a list in one go. */
const PART = 64 * 1024;

/** The parts of a list: lists, too. */
export function* partsOf<Item>(list: ListText<Item>): Generator<ListText<Item>, void> {
  for (let at = 1; at < list.length;) {
    const next = list.indexOf(BETWEEN, at + PART);
    const end = next < 0 ? list.length - 1 : next;
    yield `[${list.slice(at, end)}]`;
    at = end + BETWEEN.length;
  }
}

/** The items of a list, new at every call. */
export function readList<Item>(list: ListText<Item>): Item[] {
  return JSON.parse(list) as Item[];
}

/** A session of a project, as a list has it: without the names of its properties it is half as long. */
export type SessionEntry = readonly [
  sessionId: string,
  messageCount: number,
  preview: string | null,
  createdAt: string,
  updatedAt: string,
  inputTokens: number,
  outputTokens: number,
  title: string | null,
  parentSessionId: string | null,
  forkedAt: number | null,
];

/** A deleted session of any project. */
export type DeletedEntry = readonly [deletionId: string, deletedAt: string, project: string, session: SessionEntry];

/** Of which import. */
export interface ImportReport {
  readonly importId: string;
  readonly progress: ImportProgress;
}

/** What to search for, and where. Times are those of the database, in seconds, inclusive. */
export interface SearchArgs {
  readonly dbName: string;
  readonly query: string;
  readonly project?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly role?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly limit: number;
  /** The version in which the page that asks has the answer; see {@link Success}. */
  readonly seen?: string | undefined;
}

/** What an edit of a history is to do, and what it takes for granted. Positions are those of the API. */
export interface Edit<Content> {
  readonly session: SessionKey;
  /** What listeners hear of. */
  readonly kind: EditKind;
  readonly start: number;
  /** Absent: all from `start` on. */
  readonly deleteCount?: number;
  readonly messages: readonly NewMessage<Content>[];
  /** Of the messages that go. */
  readonly expectIds?: readonly number[] | undefined;
  /** Those of them that are still being written. */
  readonly expectPartial?: readonly number[] | undefined;
  /** Of the last message before them. */
  readonly expectBefore?: number | undefined;
  readonly expectedLength?: number | undefined;
}

export type EditKind = "update" | "truncate" | "replace";

/** What listeners hear of an edit; null where nothing has changed. */
export type Edited = { readonly kind: EditKind; readonly position: number } | null;

/** Contents that need not be read: of complete messages whose ids lie between these, most. */
export interface KnownContents {
  readonly first: number;
  readonly last: number;
  get(id: number): object | undefined;
}

/** Of an operation on the whole database. */
export type NoArguments = Readonly<Record<string, never>>;

/** What the database can be asked, by name: arguments and answer. */
export interface Operations<Content = WireContent> {
  append(args: { session: SessionKey; messages: readonly NewMessage<Content>[] }): readonly MessageRef[];
  splice(args: Edit<Content>): Edited;
  /** Brings a partial message up to date. The worker makes of the whole content what the owner needs of it. */
  checkpoint(args: { session: SessionKey; id: number; content: [Content] extends [string] ? Delta : Content }): Edited;
  /** Makes a partial message complete, and appends `messages` in the same transaction. */
  finish(args: {
    session: SessionKey;
    id: number;
    content: Content;
    messages?: readonly NewMessage<Content>[];
  }): Edited;
  /** Takes a partial message out again. */
  abort(args: { session: SessionKey; id: number }): Edited;
  clear(args: { session: SessionKey }): null;
  fork(args: { session: SessionKey; target: string; upTo?: number | undefined }): null;
  setTokens(args: { session: SessionKey; tokens: ContextTokens }): null;
  addTokens(args: { session: SessionKey; tokens: ContextTokens }): null;
  setTitle(args: { session: SessionKey; title: string | null }): null;
  deleteSession(args: { session: SessionKey; deletionId: string }): null;
  restoreSession(args: { session: SessionKey; deletionId: string }): null;
  /** `before`: milliseconds since 1970. Gives the number of sessions. */
  purgeDeleted(args: { dbName: string; before?: number | undefined }): number;
  /** `importId` names it for its progress, and to abort it. */
  import(args: { file: Blob; wal?: Blob | undefined; mode: "merge" | "replace"; importId: string }): ImportSummary;
  /** Answered when the import has ended: until then the next owner, too, is to be told. It is the import that says how. */
  abortImport(args: { importId: string }): null;
  repair(args: NoArguments): null;
  /** The page's answer is null without a version where the owner has lost its place: begin anew. */
  messages(args: {
    session: SessionKey;
    range: MessageRange;
    /** Roles and contents alone; what else a row has may be left out. */
    brief?: boolean | undefined;
    /** The owner's own. */
    known?: KnownContents | undefined;
    /** As in {@link SearchArgs}. */
    seen?: string | undefined;
  }): [Content] extends [string] ? readonly MessageRow<unknown>[] : MessageBatch | null;
  tokens(args: { session: SessionKey }): ContextTokens;
  sessions(args: {
    dbName: string;
    project: string;
    range?: SessionRange | undefined;
    /** As in {@link SearchArgs}. */
    seen?: string | undefined;
  }): ListText<SessionEntry> | null;
  deletedSessions(args: { dbName: string }): ListText<DeletedEntry>;
  projects(args: { dbName: string }): ProjectInfo[];
  search(args: SearchArgs): ListText<SearchHit> | null;
  searchStatus(args: NoArguments): SearchStatus;
  /** The search index is made anew, in the background. */
  rebuildIndex(args: NoArguments): null;
  fileStatus(args: NoArguments): FileStatus;
  export(args: NoArguments): Blob;
  check(args: NoArguments): IntegrityReport;
  /**
   * The messages that did not fit into a {@link MessageBatch}; null as above. `number`: of this batch, from 1. A call that
   * is sent again, because its answer was lost with the worker, would otherwise get the batch behind the one it asks for.
   */
  rest(args: { token: string; number: number }): MessageBatch | null;
  /** Answers after so many milliseconds, in a hidden tab too, where the page's own timers sleep. */
  wait(args: { ms: number }): null;
}

export type OperationName = keyof Operations;

/** What the tab's own worker answers, whoever owns the database. */
export type LocalOperation = "wait";

/** What the search index answers, between other calls. */
export type SearchOperation = "search" | "searchStatus" | "rebuildIndex";

/** The operations that change the database: these are carried out exactly once. */
export const WRITES: ReadonlySet<OperationName> = new Set([
  "append",
  "splice",
  "checkpoint",
  "finish",
  "abort",
  "clear",
  "fork",
  "setTokens",
  "addTokens",
  "setTitle",
  "deleteSession",
  "restoreSession",
  "purgeDeleted",
  "import",
  "repair",
]);

/** The operations that take their time. */
export const LONG: ReadonlySet<OperationName> = new Set([
  "import",
  "abortImport",
  "export",
  "check",
  "purgeDeleted",
  "search",
  "searchStatus",
  "rebuildIndex",
]);
