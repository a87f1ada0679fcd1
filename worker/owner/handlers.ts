import type { LocalOperation, Operations, SearchOperation } from "../../src/operations.js";
import type { Import } from "../import/import.js";
import { deletedSessions, deleteSession, purgeDeleted, restoreSession } from "../operations/deleted.js";
import { splice } from "../operations/edits.js";
import { repair } from "../operations/integrity.js";
import { append, clear, fork, messages } from "../operations/messages.js";
import { foldForExport } from "../operations/parts.js";
import { addTokens, projects, sessions, setTitle, setTokens, tokens } from "../operations/sessions.js";
import { abort, checkpoint, finish } from "../operations/streams.js";
import { schemaVersion } from "../operations/schema.js";
import type { Storage } from "../storage/storage.js";

/** Content as the database has it: sealed text, made by the worker of the tab that asked. */
export type OwnerOperations = Omit<
  Operations<string>,
  LocalOperation | SearchOperation | "abortImport" | "check" | "rest"
>;

type Handlers = {
  readonly [Name in keyof OwnerOperations]: (
    args: Parameters<OwnerOperations[Name]>[0],
    storage: Storage,
    /** What an import has brought in so far. */
    incoming?: Import,
  ) => ReturnType<OwnerOperations[Name]>;
};

/** What each operation does to the database. None of them awaits: they run inside transactions. */
export const HANDLERS: Handlers = {
  append: ({ session, messages }, { database }) => append(database, session, messages),
  splice: (edit, { database }) => splice(database, edit),
  checkpoint: ({ session, id, content }, { database }) => checkpoint(database, session, id, content),
  finish: ({ session, id, content, messages }, { database }) => finish(database, session, id, content, messages),
  abort: ({ session, id }, { database }) => abort(database, session, id),
  clear: ({ session }, { database }) => done(clear(database, session)),
  fork: ({ session, target, upTo }, { database }) => done(fork(database, session, target, upTo)),
  setTokens: ({ session, tokens }, { database }) => done(setTokens(database, session, tokens)),
  addTokens: ({ session, tokens }, { database }) => done(addTokens(database, session, tokens)),
  setTitle: ({ session, title }, { database }) => done(setTitle(database, session, title)),
  deleteSession: ({ session, deletionId }, { database }) => done(deleteSession(database, session, deletionId)),
  restoreSession: ({ session, deletionId }, { database }) => done(restoreSession(database, session, deletionId)),
  purgeDeleted: ({ dbName, before = Infinity }, { database }) => purgeDeleted(database, dbName, before),
  import: ({ mode }, _, incoming) => incoming!.complete(mode),
  repair: (_, { database }) => done(repair(database)),
  messages: (args, { database }) => messages(database, args),
  tokens: ({ session }, { database }) => tokens(database, session),
  sessions: ({ dbName, project, range }, { database }) => sessions(database, dbName, project, range),
  deletedSessions: ({ dbName }, { database }) => deletedSessions(database, dbName),
  projects: ({ dbName }, { database }) => projects(database, dbName),
  fileStatus: (_, { database }) => ({
    role: "owner",
    journalMode: String(database.value("PRAGMA journal_mode")),
    sqliteVersion: String(database.value("SELECT sqlite_version()")),
    schemaVersion: schemaVersion(database),
    sizeBytes: database.sizeBytes,
  }),
  export: (_, storage) => {
    foldForExport(storage.database);
    return new Blob([storage.exportFile()], { type: "application/vnd.sqlite3" });
  },
};

/** Results are stored in the ledger as JSON, which has no undefined. */
function done(result: void): null {
  return result ?? null;
}
