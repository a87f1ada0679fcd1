import type { ContextChange } from "./changes.js";
import { checkCount, checkDbName, checkName, checkTokens } from "./arguments.js";
import type { Connection } from "./connection.js";
import { DatabaseConnection } from "./database-connection.js";
import { checkMessage, jsonObject, readStoredContent } from "./content.js";
import { ContextStore } from "./context-store.js";
import { ContextStoreError } from "./errors.js";
import { newSessionId, newUid } from "./ids.js";
import type {
  ContentBlock,
  ContextTokens,
  JsonObject,
  Message,
  MessageRef,
  SessionInfo,
  StoredMessage,
} from "./messages.js";
import { previewOf } from "./preview.js";
import type {
  MessageBatch,
  MessageRange,
  MessageRow,
  NewMessage,
  SessionKey,
  Unreadable,
  WireContent,
} from "./protocol.js";

type Row = MessageRow<WireContent | Unreadable>;

/** What goes with an appended message. */
export interface AppendOptions {
  /** The message's identity. The same one again in this session is not written twice. Made when absent. */
  readonly uid?: string | undefined;
  /** The caller's own, never shown to the model. */
  readonly metadata?: JsonObject | undefined;
}

/** Where a store's sessions lie. */
export interface StoreOptions {
  /** Sessions of different projects never see each other. @default location.origin */
  readonly project?: string | undefined;
  /** The prefix of the tables, `/^[A-Za-z_][A-Za-z0-9_]{0,63}$/`. @default "axio_context" */
  readonly dbName?: string | undefined;
}

/** Which part of the list of sessions. */
export interface ListOptions {
  /** How many at most. @default all */
  readonly limit?: number | undefined;
  /** The last session of the page before; it may have changed or gone since. */
  readonly after?: SessionInfo | undefined;
  /** By the time of the first message, or of the last. @default "created" */
  readonly orderBy?: "created" | "updated" | undefined;
}

/** One chat session in an SQLite database. Many stores may share a connection, and many tabs a session. */
export class SQLiteContextStore extends ContextStore {
  readonly project: string;
  readonly dbName: string;
  readonly #connection: DatabaseConnection;
  readonly #session: SessionKey;

  /** Throws `invalid-argument` for an id, project or prefix that the file cannot hold. Nothing is written yet. */
  constructor(connection: Connection, sessionId: string, options: StoreOptions = {}) {
    super();
    if (!(connection instanceof DatabaseConnection)) {
      throw new ContextStoreError("invalid-argument", "A SQLiteContextStore needs a connection that connect() gave.");
    }
    this.#connection = connection;
    this.project = checkName("project", options.project ?? location.origin);
    this.dbName = checkDbName(options.dbName ?? "axio_context");
    this.#session = { dbName: this.dbName, project: this.project, sessionId: checkName("A session id", sessionId) };
  }

  override get sessionId(): string {
    return this.#session.sessionId;
  }

  /** Adds a message at the end. Resolves once it is committed. */
  override async append(message: Message, options: AppendOptions = {}): Promise<MessageRef> {
    const [ref] = await this.#append([newMessage(message, options)]);
    return ref!;
  }

  /** Adds messages at the end, in one transaction: all of them or, when it rejects, none. */
  override async appendAll(messages: readonly Message[]): Promise<void> {
    if (messages.length > 0) await this.#append(messages.map((message) => newMessage(message)));
  }

  #append(messages: readonly NewMessage<WireContent>[]): Promise<readonly MessageRef[]> {
    return this.#connection.call("append", { session: this.#session, messages });
  }

  /**
   * All messages in order, as a fresh array at every call. Rejects `corrupt`, naming session and position, when one of
   * them cannot be read; {@link SQLiteContextStore.getMessages} reads what is before and after it.
   */
  override async getHistory(): Promise<Message[]> {
    return this.#collect({}, (row) => ({ role: row.role as Message["role"], content: this.#read(row) }));
  }

  /**
   * Messages with all that the database knows of them. `before` and `after` are positions, exclusive; `last` and a lone
   * `before` count from the end. Always in order. Rejects `corrupt` as {@link SQLiteContextStore.getHistory} does.
   */
  async getMessages(range: MessageRange = {}): Promise<StoredMessage[]> {
    for (const key of ["last", "limit", "before"] as const) if (range[key] !== undefined) checkCount(key, range[key]);
    // After -1 is the beginning.
    if (range.after !== undefined && range.after !== -1) checkCount("after", range.after);
    return this.#collect(range, (row) => this.#stored(row));
  }

  /** Reads a range, in batches that the main thread takes one at a time. */
  async #collect<Value>(range: MessageRange, convert: (row: Row) => Value): Promise<Value[]> {
    let values: Value[] | undefined;
    // Without an answer the worker was started again in the middle, and has lost its place.
    while (!values) values = await this.#tryToCollect(range, convert);
    return values;
  }

  async #tryToCollect<Value>(range: MessageRange, convert: (row: Row) => Value): Promise<Value[] | undefined> {
    const values: Value[] = [];
    let batch: MessageBatch | null = await this.#connection.call("messages", { session: this.#session, range });
    while (batch) {
      const rows = batch.rows;
      const rest: number | undefined = batch.rest;
      // Asked for before the rows are read, so that the worker unseals the next ones meanwhile.
      const next: Promise<MessageBatch | null> | undefined =
        rest === undefined ? undefined : this.#connection.call("rest", { token: rest });
      next?.catch(() => {});
      for (const row of rows) values.push(convert(row));
      if (!next) return values;
      batch = await next;
    }
    return undefined;
  }

  #stored(row: Row): StoredMessage {
    const { id, uid, position, createdAt, role, metadata } = row;
    return {
      id,
      ...(uid !== null && { uid }),
      position,
      createdAt,
      role: role as Message["role"],
      content: this.#read(row),
      status: "complete",
      ...(metadata !== null && { metadata: JSON.parse(metadata) as JsonObject }),
    };
  }

  #read({ content, position }: Row): readonly ContentBlock[] {
    try {
      if (typeof content === "string") return readStoredContent(JSON.parse(content));
      if ("unreadable" in content) throw new Error(content.unreadable);
      return content;
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      const where = `Message ${position} of session ${JSON.stringify(this.sessionId)} in project ${JSON.stringify(this.project)}`;
      const how = `read the others with getMessages({ before: ${position} }) and getMessages({ after: ${position} })`;
      throw new ContextStoreError(
        "corrupt",
        `${where} cannot be read: ${what}. The rest of the history is sound; ${how}.`,
        { cause: error },
      );
    }
  }

  /** Removes the messages and token counts of this session in this project, in one transaction. */
  override async clear(): Promise<void> {
    await this.#connection.call("clear", { session: this.#session });
  }

  /**
   * A new session of the same project with a copy of the messages, or of the first `upTo` of them, and of the token
   * counts. Rejects `conflict` when there is a session with the given id.
   */
  override async fork(
    options: { readonly upTo?: number | undefined; readonly sessionId?: string | undefined } = {},
  ): Promise<SQLiteContextStore> {
    const { upTo, sessionId: target = newSessionId() } = options;
    if (upTo !== undefined) checkCount("upTo", upTo);
    const fork = new SQLiteContextStore(this.#connection, target, { project: this.project, dbName: this.dbName });
    await this.#connection.call("fork", { session: this.#session, target, upTo });
    return fork;
  }

  override async setContextTokens(input: number, output: number): Promise<void> {
    await this.#connection.call("setTokens", { session: this.#session, tokens: checkTokens(input, output) });
  }

  override async addContextTokens(input: number, output: number): Promise<void> {
    await this.#connection.call("addTokens", { session: this.#session, tokens: checkTokens(input, output) });
  }

  override getContextTokens(): Promise<ContextTokens> {
    return this.#connection.call("tokens", { session: this.#session });
  }

  /**
   * Names the session in lists; `undefined` takes the name away. `updatedAt` stays. The title goes with the messages:
   * `clear` removes it too. Rejects `not-found` for a session that has no messages.
   */
  async setTitle(title: string | undefined): Promise<void> {
    if (title !== undefined) checkName("A title", title);
    await this.#connection.call("setTitle", { session: this.#session, title: title ?? null });
  }

  /**
   * Takes the session out of sight, that of the Python package included, until {@link Connection.restoreSession} brings
   * it back or {@link Connection.purgeDeleted} removes it for good. An append after it begins a new session. Of a session
   * without messages nothing is kept.
   */
  async deleteSession(): Promise<void> {
    await this.#connection.call("deleteSession", { session: this.#session, deletionId: newUid() });
  }

  /**
   * The sessions of this store's project that have messages, newest first, or a page of them. A page costs the same
   * however many sessions and messages there are.
   */
  override async listSessions({ limit, after, orderBy = "created" }: ListOptions = {}): Promise<SessionInfo[]> {
    if (limit !== undefined) checkCount("limit", limit);
    if (orderBy !== "created" && orderBy !== "updated") {
      throw new ContextStoreError("invalid-argument", 'orderBy is "created" or "updated".');
    }
    const last = after && { time: after[`${orderBy}At`], sessionId: after.sessionId };
    if (last && !(typeof last.time === "string" && typeof last.sessionId === "string")) {
      throw new ContextStoreError("invalid-argument", "after must be a session that listSessions() gave.");
    }
    const { dbName, project } = this;
    return [...(await this.#connection.call("sessions", { dbName, project, range: { orderBy, limit, after: last } }))];
  }

  /** Calls the listener for each committed change of this session, in any tab; see {@link Connection.subscribe}. */
  subscribe(listener: (change: ContextChange) => void): () => void {
    const { dbName, project, sessionId } = this.#session;
    return this.#connection.subscribe(listener, { dbName, project, sessionId });
  }

  /** Does nothing: the connection belongs to the caller. */
  override async close(): Promise<void> {}
}

function newMessage(message: Message, { uid, metadata }: AppendOptions = {}): NewMessage<WireContent> {
  const { role, content } = checkMessage(message);
  return {
    uid: uid === undefined ? newUid() : checkName("uid", uid),
    role,
    // A string is the cheapest thing to post, and the caller may change the message afterwards.
    content: hasImage(content) ? content : JSON.stringify(content),
    ...(role === "user" && { preview: previewOf(content) }),
    ...(metadata !== undefined && { metadata: JSON.stringify(jsonObject(metadata)) }),
  };
}

function hasImage(content: readonly ContentBlock[]): boolean {
  return content.some(
    (block) =>
      block.type === "image" ||
      (block.type === "tool_result" && typeof block.content !== "string" && hasImage(block.content)),
  );
}
