import type { ChangeFilter, ContextChange } from "./changes.js";
import type { DeletedSession, SearchHit } from "./messages.js";
import type { DatabaseStatus, ImportProgress, ImportSummary, IntegrityReport, ProjectInfo } from "./reports.js";
import type { SearchOptions } from "./search-options.js";

/** How an import treats what is here already. */
export interface ImportOptions {
  /**
   * `"merge"`: a session that is not here is added; one that the file continues is extended; one that both continued
   * differently is kept as it is, and the file's version added as a fork. `"replace"`: the file's sessions take the
   * place of everything here. @default "merge"
   */
  readonly mode?: "merge" | "replace" | undefined;
  /**
   * Hears how far it has come, some times a second: first the file is copied, counted in bytes, then its messages are
   * merged, counted in messages. What it throws is reported, and hinders nothing.
   */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Ends the import: it rejects `aborted`, and the database is as it was, unless all was done already. */
  readonly signal?: AbortSignal | undefined;
  /** The `-wal` file that lay beside the database file, if there was one: its committed rows belong to it. */
  readonly wal?: Blob | undefined;
}

/** What calls that read all sessions take. */
export interface DbNameOptions {
  /** The table prefix. @default "axio_context" */
  readonly dbName?: string | undefined;
}

/** Which deleted sessions go for good. */
export interface PurgeOptions extends DbNameOptions {
  /** Those deleted up to then. @default all of them */
  readonly olderThan?: Date | undefined;
}

/** An open database. Made by {@link connect}. */
export interface Connection extends AsyncDisposable {
  /** The path as it was given to {@link connect}. */
  readonly path: string;
  /** What the database, its file and the origin's storage look like now. */
  status(): Promise<DatabaseStatus>;
  /** Asks the browser not to evict the origin's data. Resolves to its answer. */
  requestPersistence(): Promise<boolean>;
  /** The projects that have messages. */
  listProjects(options?: DbNameOptions): Promise<ProjectInfo[]>;
  /** The sessions of all projects that were deleted and not purged, the last deleted first. */
  listDeletedSessions(options?: DbNameOptions): Promise<DeletedSession[]>;
  /**
   * Brings a deleted session back as it was: rows with their ids, uids, times and bytes, token counts, title and lineage.
   * Rejects `conflict` when its project has a session with this id again, `not-found` when it was purged or restored
   * already.
   */
  restoreSession(session: DeletedSession): Promise<void>;
  /**
   * Removes deleted sessions for good, and their bytes from the database's files; resolves to how many. The file is
   * written anew for that, while other calls wait: about a second for 100 MB. Rejects `invalid-argument` for options that
   * it does not know, too: a limit that is misspelled would be none.
   */
  purgeDeleted(options?: PurgeOptions): Promise<number>;
  /**
   * The messages in which all terms of the query occur, best first; of equally good ones the newest first. Where more than
   * 4,096 of the session, project and role that are asked for are found, as by a first letter, the newest come first. Of
   * all that is committed when it is called, streamed messages included as far as they are written: an index that is
   * behind is brought up to date before. Any text is a query; one without a letter, digit or emoji finds nothing.
   *
   * Searched are the texts of messages, and of tools the names, the strings and numbers of inputs, and the results.
   * Case, accents and vowel signs do not count ("uber" finds "Über", "strasse" finds "Straße"); "ae" finds "ä" too, "oe"
   * "ö", and "ue" "ü", in a term of one word.
   * - A term is what stands between two spaces; text in double quotes is one term. Brackets, quotes and marks of a
   *   sentence around a term do not count.
   * - A term is found where a word begins with it: "cat" finds "category". Words are letters and digits. A term of one
   *   word is also found at a capital letter inside of a name, so that "user" and "byId" find "getUserById" (a word with
   *   more than ten of them, or more than two numbers, is no name), and behind an article, "and" or a preposition that
   *   Arabic or Hebrew writes together with its word.
   * - In Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese, and for emoji, it is found anywhere.
   * - In quotes, the last word must be a whole one: `"cat"` does not find "category". Between the words of a quoted term
   *   there may be any space and punctuation, up to 200 characters.
   * - Other punctuation in a term must be there as it is typed: "user_id", "--no-sandbox", "C++".
   *
   * Of words the first 64 characters count, of a query the first 1,000. Rejects `invalid-argument`; `quota` when the index
   * is behind and the disk is full.
   */
  search(query: string, options?: SearchOptions): Promise<SearchHit[]>;
  /**
   * Calls the listener for each committed change of any tab, this one included, once and in the order of the commits,
   * until the function that it gives is called, or the connection closed. Throws `invalid-argument`, and `closed` on a
   * closed connection.
   */
  subscribe(listener: (change: ContextChange) => void, filter?: ChangeFilter): () => void;
  /**
   * One complete SQLite file with every row that is committed by now in it, deleted sessions too, which the Python
   * package opens. From 16 MiB on it is a file in the origin's storage, made between other calls, which may be in it too;
   * it can be read for a day, or until {@link Connection.purgeDeleted} removes something: copy it to where it shall stay.
   * Rejects `quota` where there is no room for that.
   */
  export(): Promise<Blob>;
  /**
   * Takes over the chat histories of a file of this or the Python package. A merge is made in slices of some milliseconds,
   * between which other calls of all tabs are carried out: its sessions appear one after the other, and are taken back,
   * without what others have written meanwhile, when it rejects or its tab dies. A session that others write to while it
   * is merged counts as diverged. `"replace"` is one transaction, which holds the database. Deleted sessions are neither
   * brought nor replaced. Rejects `not-a-database` or `corrupt` where the file is not sound; `not-found` where it can no
   * longer be read; `quota` where there is no room for it and a copy of it; `aborted`.
   */
  import(file: Blob, options?: ImportOptions): Promise<ImportSummary>;
  /**
   * Looks at every page and every row; rows are looked at between other calls. Finds damaged pages, contents that cannot be
   * read, gaps in the positions and outdated entries of the list, and says of each whether it can be repaired. With
   * `repair`, puts right what can be, and reports what was found before: indexes, positions and the list are made anew from
   * the messages, unless a page of those is damaged.
   */
  checkIntegrity(options?: { readonly repair?: boolean | undefined }): Promise<IntegrityReport>;
  /**
   * Lets go of the database. Pending calls reject with code `"closed"`. The page's other connections to the same path
   * stay open. Idempotent.
   */
  close(): Promise<void>;
}
