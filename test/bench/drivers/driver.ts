import type { Message } from "../../../src/index.js";
import type { Session } from "../data/messages.js";

/** A session as a list shows it. */
export interface ListedSession {
  readonly id: string;
  readonly count: number;
  readonly preview: string | null;
  readonly createdAt: number;
}

/** A message that was found. */
export interface Hit {
  readonly session: string;
  readonly position: number;
}

/** A store of chat histories as its users would write it: what is measured. */
export interface Driver {
  /** Adds a message at the end, and begins the session with the first one. Calls at once keep their order. */
  append(session: string, message: Message): Promise<unknown>;
  /** Fills the store before anything is measured. */
  load(sessions: readonly Session[]): Promise<void>;
  /** Fills the store from a database file; then `load` is not called. */
  readonly importFile?: (file: Blob) => Promise<void>;
  history(session: string): Promise<readonly Message[]>;
  /** The last messages, oldest first. */
  last(session: string, count: number): Promise<readonly Message[]>;
  /** Newest first. */
  sessions(): Promise<readonly ListedSession[]>;
  /** The newest sessions alone. */
  readonly page?: (count: number) => Promise<readonly unknown[]>;
  fork(source: string, target: string): Promise<unknown>;
  search(word: string): Promise<readonly Hit[]>;
  close(): Promise<void>;
}

/** What a driver's file exports as `openDriver`. */
export type OpenDriver = (variant: string) => Promise<Driver>;
