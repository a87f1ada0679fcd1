/** What happened to a session, or to the whole database. */
export type ChangeKind =
  | "append"
  | "update"
  | "truncate"
  | "replace"
  | "clear"
  | "fork"
  | "tokens"
  | "session"
  | "delete"
  | "restore"
  | "import"
  | "resync";

/** A committed change, as `subscribe` tells it. */
export interface ContextChange {
  /** `"resync"`: something may have been missed (the tab that held the database is gone); read again. */
  readonly kind: ChangeKind;
  /** The table prefix; empty for "resync", which concerns everything. */
  readonly dbName: string;
  /** Absent where more than one session changed. */
  readonly project?: string;
  /** For a fork: the new session. Absent where more than one session changed. */
  readonly sessionId?: string;
  /**
   * The first message that is new or different. For `"update"` the only one; after `"truncate"` nothing is left from
   * there on; after `"replace"` everything from there on may be different.
   */
  readonly position?: number;
  /** Grows with each commit of the database. Changes of one commit share it. */
  readonly commit: number;
  /** Whether this page asked for it. */
  readonly local: boolean;
}

/** Which changes a listener wants to hear of. */
export interface ChangeFilter {
  readonly dbName?: string | undefined;
  readonly project?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** Whether a change concerns what the filter names. What names no session concerns all. */
export function concerns(change: ContextChange, filter: ChangeFilter): boolean {
  if (change.kind === "resync") return true;
  return (["dbName", "project", "sessionId"] as const).every((key) => {
    return filter[key] === undefined || change[key] === undefined || filter[key] === change[key];
  });
}
