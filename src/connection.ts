import { checkDbName } from "./arguments.js";
import { ContextStoreError, type WriteOutcome } from "./errors.js";
import type {
  DatabaseStatus,
  ImportSummary,
  IntegrityReport,
  OperationName,
  Operations,
  ProjectInfo,
} from "./protocol.js";
import type { WorkerLink } from "./worker-link.js";

/** How an import treats what is here already. */
export interface ImportOptions {
  /**
   * `"merge"`: a session that is not here is added; one that the file continues is extended; one that both continued
   * differently is kept as it is, and the file's version added as a fork. `"replace"`: the file's sessions take the
   * place of everything here. @default "merge"
   */
  readonly mode?: "merge" | "replace" | undefined;
  /** The `-wal` file that lay beside the database file, if there was one: its committed rows belong to it. */
  readonly wal?: Blob | undefined;
}

/** What calls that read all sessions take. */
export interface DbNameOptions {
  /** The table prefix. @default "axio_context" */
  readonly dbName?: string | undefined;
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
  /** One complete SQLite file with every committed row in it, which the Python package opens too. */
  export(): Promise<Blob>;
  /**
   * Takes over the chat histories of a file of this or the Python package, in one transaction. Rejects
   * `not-a-database` or `corrupt` and changes nothing where the file is not sound.
   */
  import(file: Blob, options?: ImportOptions): Promise<ImportSummary>;
  /** Looks at every page and every row. With `repair`, puts right what can be, and reports what was found before. */
  checkIntegrity(options?: { readonly repair?: boolean | undefined }): Promise<IntegrityReport>;
  /**
   * Lets go of the database. Pending calls reject with code `"closed"`. The page's other connections to the same path
   * stay open. Idempotent.
   */
  close(): Promise<void>;
}

/** The connection as the stores of this package see it. */
export class DatabaseConnection implements Connection {
  readonly path: string;
  readonly #link: WorkerLink;
  readonly #settings: { readonly full: boolean; readonly busyTimeout: number; readonly storage: "opfs" | "memory" };
  readonly #onClose: () => Promise<void>;
  readonly #pending = new Set<(error: ContextStoreError) => void>();
  #closing: Promise<void> | undefined;

  constructor(
    path: string,
    link: WorkerLink,
    settings: { readonly full: boolean; readonly busyTimeout: number; readonly storage: "opfs" | "memory" },
    onClose: () => Promise<void>,
  ) {
    this.path = path;
    this.#link = link;
    this.#settings = settings;
    this.#onClose = onClose;
  }

  /** Asks the database for an operation. */
  call<Name extends OperationName>(
    name: Name,
    args: Parameters<Operations[Name]>[0],
  ): Promise<Awaited<ReturnType<Operations[Name]>>> {
    return this.#untilClosed(() => this.#link.call(name, args, this.#settings.full));
  }

  /** Asks the worker itself. */
  ask<Value>(question: (api: WorkerLink["api"]) => Promise<Value>): Promise<Value> {
    return this.#untilClosed(() => question(this.#link.api));
  }

  async status(): Promise<DatabaseStatus> {
    const [file, role, estimate, persisted] = await Promise.all([
      this.call("fileStatus", {}),
      this.ask((api) => api.role()),
      navigator.storage.estimate(),
      navigator.storage.persisted(),
    ]);
    const { full, busyTimeout, storage } = this.#settings;
    return {
      ...file,
      synchronous: full ? "full" : "normal",
      role,
      storage,
      busyTimeout,
      usage: estimate.usage ?? 0,
      quota: estimate.quota ?? 0,
      persisted,
    };
  }

  requestPersistence(): Promise<boolean> {
    return this.#untilClosed(() => navigator.storage.persist());
  }

  async listProjects({ dbName = "axio_context" }: DbNameOptions = {}): Promise<ProjectInfo[]> {
    return [...(await this.call("projects", { dbName: checkDbName(dbName) }))];
  }

  export(): Promise<Blob> {
    return this.call("export", {});
  }

  async import(file: Blob, { mode = "merge", wal }: ImportOptions = {}): Promise<ImportSummary> {
    if (!(file instanceof Blob) || (wal !== undefined && !(wal instanceof Blob))) {
      throw new ContextStoreError("invalid-argument", "import() takes the file, and its -wal, as a Blob or File.");
    }
    if (mode !== "merge" && mode !== "replace") {
      throw new ContextStoreError("invalid-argument", 'The mode of an import is "merge" or "replace".');
    }
    return this.call("import", { file, mode, wal });
  }

  checkIntegrity({ repair = false }: { readonly repair?: boolean | undefined } = {}): Promise<IntegrityReport> {
    return this.call(repair ? "repair" : "check", {});
  }

  close(): Promise<void> {
    if (!this.#closing) {
      // They may have reached the database, which another connection of this page may keep open.
      const error = closed("unknown");
      for (const reject of this.#pending) reject(error);
      this.#closing = this.#onClose();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // The worker may go on serving the page's other connections: this one's calls must end with it.
  #untilClosed<Value>(call: () => Promise<Value>): Promise<Value> {
    if (this.#closing) return Promise.reject(closed("not-applied"));
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      call()
        .then(resolve, reject)
        .finally(() => this.#pending.delete(reject));
    });
  }
}

function closed(outcome: WriteOutcome): ContextStoreError {
  return new ContextStoreError("closed", "The connection is closed; call connect() again.", { outcome });
}
