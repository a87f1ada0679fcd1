import type { ContextChange } from "./changes.js";
import {
  checkArray,
  checkChoice,
  checkCount,
  checkDbName,
  checkName,
  checkOptions,
  checkTokens,
  refuse,
} from "./arguments.js";
import type { Connection } from "./connection.js";
import { DatabaseConnection } from "./database-connection.js";
import { ContextStore } from "./context-store.js";
import { newSessionId, newUid } from "./ids.js";
import { type MessageWriter, StreamedMessage } from "./message-writer.js";
import { readMessages } from "./message-reader.js";
import type { ContextTokens, Message, MessageRef, Role, SessionInfo, StoredMessage } from "./messages.js";
import { type AppendOptions, newMessage, newMessages } from "./new-message.js";
import type { Edit, MessageRange, NewMessage, SessionKey, WireContent } from "./operations.js";
import { sessionInfo } from "./session-info.js";

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
  /** By the time of the first message, or of the last change of messages. @default "created" */
  readonly orderBy?: "created" | "updated" | undefined;
}

const NOT_LISTED = "after must be a session that listSessions() gave.";

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
      refuse("A SQLiteContextStore needs a connection that connect() gave.");
    }
    const { project = location.origin, dbName = "axio_context" } = checkOptions(options);
    this.#connection = connection;
    this.project = checkName("project", project);
    this.dbName = checkDbName(dbName);
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
    const added = newMessages("messages", messages);
    if (added.length > 0) await this.#append(added);
  }

  #append(messages: readonly NewMessage<WireContent>[]): Promise<readonly MessageRef[]> {
    return this.#connection.call("append", { session: this.#session, messages });
  }

  /**
   * All messages in order, as a fresh array at every call. Rejects `corrupt`, naming session and position, when one of
   * them cannot be read; {@link SQLiteContextStore.getMessages} reads what is before and after it.
   */
  override async getHistory(): Promise<Message[]> {
    return readMessages(this.#connection, this.#session, {}, true);
  }

  /**
   * Messages with all that the database knows of them. `before` and `after` are positions, exclusive; `last` and a lone
   * `before` count from the end. Always in order. Rejects `corrupt` as {@link SQLiteContextStore.getHistory} does.
   */
  async getMessages(options: MessageRange = {}): Promise<StoredMessage[]> {
    const { last, limit, before, after } = checkOptions(options);
    const range = { last, limit, before, after };
    for (const key of ["last", "limit", "before"] as const) if (range[key] !== undefined) checkCount(key, range[key]);
    // After -1 is the beginning.
    if (range.after !== undefined && range.after !== -1) checkCount("after", range.after);
    return readMessages(this.#connection, this.#session, range);
  }

  /**
   * The messages one by one from the first on, read `batch` at a time: for histories that need not be in memory as a
   * whole. What is appended meanwhile comes too; an edit of what has been read moves what has not, of which some may then
   * be left out, or come twice. Rejects `invalid-argument`, and `corrupt` as
   * {@link SQLiteContextStore.getHistory} does.
   */
  async *messages(options: { readonly batch?: number | undefined } = {}): AsyncGenerator<StoredMessage, void> {
    const { batch = 100 } = checkOptions(options);
    if (checkCount("batch", batch) === 0) refuse("A batch of 0 has no end.");
    let after = -1;
    let page: StoredMessage[];
    do {
      page = await this.getMessages({ after, limit: batch });
      yield* page;
      after += page.length;
    } while (page.length > 0);
  }

  /**
   * Begins a message that is still being written, at the end. It can be read from now on, in every tab, with what its
   * writer has written so far, and has the status `"partial"` until it is finished: for ever, if the tab dies before.
   * Rejects `conflict` when the session has a message of this uid.
   */
  async beginMessage(role: Role, options: AppendOptions = {}): Promise<MessageWriter> {
    const [ref] = await this.#append([newMessage({ role, content: [] }, options, "partial")]);
    return new StreamedMessage(this.#connection, this.#session, ref!);
  }

  /**
   * Puts messages in the place of `deleteCount` others from position `start` on, in one transaction. All other messages
   * keep id, uid, metadata and bytes; the new ones get new ids, and where they take another's place its time. Token
   * counts stay. A session that is left without messages is no longer listed.
   *
   * Rejects `conflict` when the ids of the messages that would go are not exactly `expectIds`, `not-found` when there
   * are no messages at these positions, `invalid-argument`, `invalid-message`.
   */
  async splice(
    start: number,
    deleteCount: number,
    messages: readonly Message[],
    options: {
      readonly expectIds?: readonly number[] | undefined;
      /** @internal Those of them that must still be being written. */
      readonly expectPartial?: readonly number[] | undefined;
    } = {},
  ): Promise<void> {
    const { expectIds, expectPartial } = checkOptions(options);
    checkCount("start", start);
    checkCount("deleteCount", deleteCount);
    await this.#edit({ kind: "replace", start, deleteCount, expectIds, expectPartial }, messages);
  }

  /**
   * Puts a message in the place of the one at `position`; see {@link SQLiteContextStore.splice}. Rejects `conflict` when
   * the id of that one is not `expectId`, `not-found` when there is none.
   */
  async replaceMessage(
    position: number,
    message: Message,
    options: { readonly expectId?: number | undefined } = {},
  ): Promise<void> {
    const { expectId } = checkOptions(options);
    checkCount("position", position);
    const expectIds = expectId === undefined ? undefined : [expectId];
    await this.#edit({ kind: "update", start: position, deleteCount: 1, expectIds }, [message]);
  }

  /**
   * Keeps the first `length` messages and removes the others, if there are more; see {@link SQLiteContextStore.splice}.
   * Rejects `conflict` when the id of the last message that is kept is not `expectId`.
   */
  async truncate(length: number, options: { readonly expectId?: number | undefined } = {}): Promise<void> {
    const { expectId } = checkOptions(options);
    checkCount("length", length);
    if (expectId !== undefined) checkCount("expectId", expectId);
    await this.#edit({ kind: "truncate", start: length, expectBefore: expectId }, []);
  }

  /**
   * Puts these messages in the place of the whole history; see {@link SQLiteContextStore.splice}. Rejects `conflict`
   * when the history is not `expectedLength` messages long.
   */
  async replaceHistory(
    messages: readonly Message[],
    options: { readonly expectedLength?: number | undefined } = {},
  ): Promise<void> {
    const { expectedLength } = checkOptions(options);
    if (expectedLength !== undefined) checkCount("expectedLength", expectedLength);
    await this.#edit({ kind: "replace", start: 0, expectedLength }, messages);
  }

  async #edit(edit: Omit<Edit<WireContent>, "session" | "messages">, messages: readonly Message[]): Promise<void> {
    const expectIds = edit.expectIds === undefined ? undefined : checkArray("expectIds", edit.expectIds);
    expectIds?.forEach((id) => checkCount("An id in expectIds", id));
    const added = newMessages("messages", messages);
    await this.#connection.call("splice", { ...edit, expectIds, session: this.#session, messages: added });
  }

  /** Removes the messages and token counts of this session in this project, in one transaction. */
  override async clear(): Promise<void> {
    await this.#connection.call("clear", { session: this.#session });
  }

  /**
   * A new session of the same project with a copy of the messages, or of the first `upTo` of them, and of the token
   * counts, which are those of the whole session. A fork without messages is not listed, and remembers no session as its
   * origin. Rejects `conflict` when there is a session with the given id.
   */
  override async fork(
    options: { readonly upTo?: number | undefined; readonly sessionId?: string | undefined } = {},
  ): Promise<SQLiteContextStore> {
    const { upTo, sessionId: target = newSessionId() } = checkOptions(options);
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
  override async listSessions(options: ListOptions = {}): Promise<SessionInfo[]> {
    const { limit, after, orderBy = "created" } = checkOptions(options);
    if (limit !== undefined) checkCount("limit", limit);
    checkChoice("orderBy", orderBy, ["created", "updated"]);
    const behind = after === undefined ? undefined : checkOptions(after, NOT_LISTED);
    const last = behind && { time: behind[`${orderBy}At`], sessionId: behind.sessionId };
    if (last && !(typeof last.time === "string" && typeof last.sessionId === "string")) {
      refuse(NOT_LISTED);
    }
    const { dbName, project } = this;
    const range = { orderBy, limit, after: last };
    return this.#connection.list("sessions", { dbName, project, range }, (entry) => sessionInfo(project, entry));
  }

  /** Calls the listener for each committed change of this session, in any tab; see {@link Connection.subscribe}. */
  subscribe(listener: (change: ContextChange) => void): () => void {
    const { dbName, project, sessionId } = this.#session;
    return this.#connection.subscribe(listener, { dbName, project, sessionId });
  }

  /** Does nothing: the connection belongs to the caller. */
  override async close(): Promise<void> {}
}
