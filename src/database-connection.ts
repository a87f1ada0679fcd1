import { checkChoice, checkDbName, checkName, checkOptions, checkSignal, refuse } from "./arguments.js";
import { type ChangeFilter, concerns, type ContextChange } from "./changes.js";
import { ContextStoreError, type WriteOutcome } from "./errors.js";
import {
  type ListText,
  type OperationName,
  type Operations,
  partsOf,
  readList,
  type SessionEntry,
} from "./operations.js";
import type { CallTerms, Success } from "./protocol.js";
import { RecentAnswers } from "./recent-answers.js";
import type { DatabaseStatus, ImportSummary, IntegrityReport, ProjectInfo } from "./reports.js";
import { newUid } from "./ids.js";
import type { WorkerLink } from "./worker-link.js";
import type { Connection, DbNameOptions, ImportOptions, PurgeOptions } from "./connection.js";
import type { DeletedSession, SearchHit } from "./messages.js";
import { checkSearch, type SearchOptions } from "./search-options.js";
import { deletedSession } from "./session-info.js";

/** The lists that are kept, by what asks for them. */
interface Entries {
  readonly sessions: SessionEntry;
  readonly search: SearchHit;
}

/** How long the main thread is at something in one go, in milliseconds. */
const SLICE_MS = 4;

const NOT_DELETED = "restoreSession() takes a session that listDeletedSessions() gave.";

/** The connection as the stores of this package see it. */
export class DatabaseConnection implements Connection {
  readonly path: string;
  readonly #link: WorkerLink;
  readonly #terms: CallTerms;
  readonly #storage: "opfs" | "memory";
  readonly #onClose: () => Promise<void>;
  /** What the stores were answered. */
  readonly recent: RecentAnswers = new RecentAnswers();
  /** What ends with the connection. */
  readonly #endings = new Set<() => void>();
  #closing: Promise<void> | undefined;

  constructor(
    path: string,
    link: WorkerLink,
    terms: CallTerms,
    storage: "opfs" | "memory",
    onClose: () => Promise<void>,
  ) {
    this.path = path;
    this.#link = link;
    this.#terms = terms;
    this.#storage = storage;
    this.#onClose = onClose;
  }

  /** Asks the database for an operation. */
  async call<Name extends OperationName>(
    name: Name,
    args: Parameters<Operations[Name]>[0],
  ): Promise<Awaited<ReturnType<Operations[Name]>>> {
    return (await this.ask(name, args)).value;
  }

  /** The same; gives the version of the answer, too. */
  ask<Name extends OperationName>(
    name: Name,
    args: Parameters<Operations[Name]>[0],
  ): Promise<Success<Awaited<ReturnType<Operations[Name]>>>> {
    if (this.#closing) return Promise.reject(closed("not-applied"));
    return this.#link.call(name, args, this.#terms);
  }

  /** Gives what is awaited between the steps of something long: now and then it lets the main thread do other things. */
  pauses(): () => Promise<void> {
    let since = performance.now();
    return async () => {
      if (performance.now() - since < SLICE_MS) return;
      // Timers of a hidden page sleep, and messages of the page to itself come before all others (measured by hand).
      await this.call("wait", { ms: 0 });
      since = performance.now();
    };
  }

  /** Asks for a list, and makes its items. */
  async list<Name extends keyof Entries, Item>(
    name: Name,
    args: Parameters<Operations[Name]>[0],
    toItem: (entry: Entries[Name]) => Item,
  ): Promise<Item[]> {
    const asked = JSON.stringify([name, args]);
    const kept = this.recent.get<Item[]>(asked);
    const { value, version } = await this.ask(name, { ...args, seen: kept?.version });
    if (value === null) return kept!.read();
    const entries: Entries[Name][] = [];
    const pause = this.pauses();
    for (const part of partsOf(value as ListText<Entries[Name]>)) {
      await pause();
      for (const entry of readList(part)) entries.push(entry);
    }
    const read = () => entries.map(toItem);
    this.recent.keep(asked, { read, size: asked.length + value.length, version });
    return read();
  }

  async status(): Promise<DatabaseStatus> {
    const [file, searchIndex, estimate, persisted] = await Promise.all([
      this.call("fileStatus", {}),
      this.call("searchStatus", {}),
      navigator.storage.estimate(),
      navigator.storage.persisted(),
    ]);
    const { full, busyTimeout } = this.#terms;
    return {
      ...file,
      synchronous: full ? "full" : "normal",
      storage: this.#storage,
      searchIndex,
      busyTimeout,
      usage: estimate.usage ?? 0,
      quota: estimate.quota ?? 0,
      persisted,
    };
  }

  async requestPersistence(): Promise<boolean> {
    if (this.#closing) throw closed("not-applied");
    // The browser may ask the user, and the connection be closed before there is an answer.
    const end = new Promise<never>((_, reject) => this.#endings.add(() => reject(closed("unknown"))));
    return Promise.race([navigator.storage.persist(), end]);
  }

  async listProjects(options: DbNameOptions = {}): Promise<ProjectInfo[]> {
    const { dbName = "axio_context" } = checkOptions(options);
    return this.call("projects", { dbName: checkDbName(dbName) });
  }

  async listDeletedSessions(options: DbNameOptions = {}): Promise<DeletedSession[]> {
    const { dbName = "axio_context" } = checkOptions(options);
    const list = readList(await this.call("deletedSessions", { dbName: checkDbName(dbName) }));
    return list.map((entry) => deletedSession(dbName, entry));
  }

  async restoreSession(session: DeletedSession): Promise<void> {
    const { dbName, project, sessionId, deletionId } = checkOptions(session, NOT_DELETED);
    for (const name of [dbName, project, sessionId, deletionId]) if (typeof name !== "string") refuse(NOT_DELETED);
    checkDbName(dbName);
    for (const name of [project, sessionId, deletionId]) checkName("What names a deleted session", name);
    await this.call("restoreSession", { session: { dbName, project, sessionId }, deletionId });
  }

  async purgeDeleted(options: PurgeOptions = {}): Promise<number> {
    const { dbName = "axio_context", olderThan, ...others } = checkOptions(options);
    // A limit that is misspelled would be none.
    for (const name of Object.keys(others)) refuse(`purgeDeleted() has no option ${JSON.stringify(name)}.`);
    if (olderThan !== undefined && !(olderThan instanceof Date && olderThan.getTime() === olderThan.getTime())) {
      refuse("olderThan must be a valid Date.");
    }
    return this.call("purgeDeleted", { dbName: checkDbName(dbName), before: olderThan?.getTime() });
  }

  async search(query: string, options: SearchOptions = {}): Promise<SearchHit[]> {
    return this.list("search", checkSearch(query, options), (hit) => ({ ...hit }));
  }

  subscribe(listener: (change: ContextChange) => void, filter: ChangeFilter = {}): () => void {
    if (this.#closing) throw closed("not-applied");
    if (typeof listener !== "function") refuse("A listener is a function.");
    const wanted = checkOptions(filter);
    for (const key of ["dbName", "project", "sessionId"] as const)
      if (wanted[key] !== undefined) checkName(key, wanted[key]);
    const stop = this.#link.listen((change) => {
      if (concerns(change, wanted)) listener(change);
    });
    this.#endings.add(stop);
    return () => {
      this.#endings.delete(stop);
      stop();
    };
  }

  export(): Promise<Blob> {
    return this.call("export", {});
  }

  async import(file: Blob, options: ImportOptions = {}): Promise<ImportSummary> {
    const { mode = "merge", wal, onProgress, signal } = checkOptions(options);
    if (!(file instanceof Blob) || (wal !== undefined && !(wal instanceof Blob))) {
      refuse("import() takes the file, and its -wal, as a Blob or File.");
    }
    checkChoice("mode", mode, ["merge", "replace"]);
    if (onProgress !== undefined && typeof onProgress !== "function") refuse("onProgress is a function.");
    checkSignal(signal);
    if (signal?.aborted) {
      throw new ContextStoreError("aborted", "The import was aborted before it began.", { cause: signal.reason });
    }
    const importId = newUid();
    const abort = () => void this.#link.call("abortImport", { importId }, this.#terms).catch(() => {});
    if (onProgress) this.#link.progress.set(importId, onProgress);
    signal?.addEventListener("abort", abort);
    try {
      return await this.call("import", { file, mode, wal, importId });
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#link.progress.delete(importId);
    }
  }

  async checkIntegrity(options: { readonly repair?: boolean | undefined } = {}): Promise<IntegrityReport> {
    const { repair = false } = checkOptions(options);
    const report = await this.call("check", {});
    // Nothing is written to a database that is sound, or damaged beyond repair.
    const isDue = (isIndex: boolean) =>
      repair && report.problems.some(({ kind, repairable }) => repairable && (kind === "index") === isIndex);
    if (isDue(false)) await this.call("repair", {});
    if (isDue(true)) await this.call("rebuildIndex", {});
    return report;
  }

  close(): Promise<void> {
    if (!this.#closing) {
      // They may have reached the database, which another connection of this page may keep open.
      this.#link.leave(this.#terms, closed("unknown"));
      for (const end of this.#endings) end();
      this.#closing = this.#onClose();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function closed(outcome: WriteOutcome): ContextStoreError {
  return new ContextStoreError("closed", "The connection is closed; call connect() again.", { outcome });
}
