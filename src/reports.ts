// What there is to be known of a database.

/** How many sessions and messages a project holds. */
export interface ProjectInfo {
  readonly project: string;
  readonly sessionCount: number;
  readonly messageCount: number;
}

/** What the worker knows about the database. */
export interface FileStatus {
  /** Whether this tab's worker holds the database, or asks the tab that does. */
  readonly role: "owner" | "follower";
  readonly journalMode: string;
  readonly sqliteVersion: string;
  readonly schemaVersion: number;
  /** Bytes of the database, those of its pages that still lie in the -wal included. */
  readonly sizeBytes: number;
}

/** How far the search index has come. A search waits until it has come to the end. */
export interface SearchStatus {
  /** Messages that the index holds. */
  readonly indexed: number;
  /** Messages that there are. */
  readonly total: number;
}

/** What {@link Connection.status} answers. */
export interface DatabaseStatus extends FileStatus {
  readonly synchronous: "normal" | "full";
  readonly storage: "opfs" | "memory";
  readonly searchIndex: SearchStatus;
  /** Milliseconds an operation waits for the database while another tab holds it. */
  readonly busyTimeout: number;
  /** Bytes that the origin uses, in all. */
  readonly usage: number;
  /** Bytes that the origin may use. */
  readonly quota: number;
  /** Whether the browser promised not to evict the origin's data. */
  readonly persisted: boolean;
}

/** What an import did. */
export interface ImportSummary {
  /** Sessions that were not here. */
  readonly sessionsAdded: number;
  /** Sessions that were here, and of which the file had a continuation. */
  readonly sessionsExtended: number;
  /** Sessions that had diverged: the file's version was added as a fork. */
  readonly sessionsForked: number;
  /** Sessions that were here already, in the same or in a longer form. */
  readonly sessionsUnchanged: number;
  readonly messagesAdded: number;
  /** Tables in the file that are not a chat history's. They were left alone. */
  readonly ignoredTables: readonly string[];
}

/** How far an import has come. Its phases follow each other; each begins with `done` at 0. */
export interface ImportProgress {
  /** `"copy"`: the file is read, in bytes. `"merge"`: its messages are compared and added, in messages. */
  readonly phase: "copy" | "merge";
  readonly done: number;
  readonly total: number;
}

/** Something wrong in the database. */
export interface IntegrityProblem {
  readonly kind: "page" | "envelope" | "json" | "block" | "position" | "summary" | "index";
  readonly dbName?: string;
  readonly project?: string;
  readonly sessionId?: string;
  readonly position?: number;
  readonly detail: string;
  /** Whether `checkIntegrity({ repair: true })` puts it right. */
  readonly repairable: boolean;
}

/** What {@link Connection.checkIntegrity} found. After a repair: what it found before. */
export interface IntegrityReport {
  readonly ok: boolean;
  readonly problems: readonly IntegrityProblem[];
}
