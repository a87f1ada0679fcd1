import { checkArray, checkTokens } from "./arguments.js";
import { checkMessage } from "./content.js";
import { ContextStoreError } from "./errors.js";
import { newSessionId } from "./ids.js";
import { NO_PREVIEW, previewOf } from "./preview.js";
import type { ContextTokens, Message, MessageRef, SessionInfo } from "./messages.js";
import { timestamp } from "./timestamp.js";

/**
 * The memory of one chat session, whatever keeps it. Subclass it for a backend of your own: `append` and `getHistory`
 * are enough for everything that takes a store; override the rest where the backend can do better.
 */
export abstract class ContextStore {
  #sessionId: string | undefined;
  readonly #createdAt: string = timestamp();
  #tokens: ContextTokens = { inputTokens: 0, outputTokens: 0 };

  /** The session's id: 32 hex digits, made on first use, unless the subclass overrides this getter. */
  get sessionId(): string {
    return (this.#sessionId ??= newSessionId());
  }

  /** Adds a message at the end. Resolves once it is stored. Rejects `invalid-message` for what cannot be stored. */
  abstract append(message: Message): Promise<MessageRef | void>;

  /** All messages in order, as a fresh array at every call. */
  abstract getHistory(): Promise<Message[]>;

  /** Appends several messages. By default one after the other; the SQLite store takes all or none. */
  async appendAll(messages: readonly Message[]): Promise<void> {
    for (const message of messages) await this.append(message);
  }

  /** Removes the session's messages and token counts. By default rejects `unsupported`. */
  clear(): Promise<void> {
    return Promise.reject(
      new ContextStoreError("unsupported", `${this.constructor.name} cannot be cleared; override clear().`),
    );
  }

  /** A new session with the same messages and token counts. By default a deep copy in memory. */
  async fork(): Promise<ContextStore> {
    return ContextStore.fromContext(this);
  }

  /** Replaces the token counts (whole numbers from 0). Rejects `invalid-argument`. By default they live in memory. */
  async setContextTokens(input: number, output: number): Promise<void> {
    this.#tokens = checkTokens(input, output);
  }

  /** Adds to the token counts (whole numbers from 0). Rejects `invalid-argument`. */
  async addContextTokens(input: number, output: number): Promise<void> {
    const { inputTokens, outputTokens } = checkTokens(input, output);
    this.#tokens = checkTokens(this.#tokens.inputTokens + inputTokens, this.#tokens.outputTokens + outputTokens);
  }

  /** The token counts: 0 and 0 where none were ever set. */
  async getContextTokens(): Promise<ContextTokens> {
    return { ...this.#tokens };
  }

  /**
   * The sessions that this backend holds, newest first. By default this one, once it has a message; both its times are
   * that at which the store was made.
   */
  async listSessions(): Promise<SessionInfo[]> {
    const history = await this.getHistory();
    if (history.length === 0) return [];
    const first = history.find((message) => message.role === "user");
    return [
      {
        sessionId: this.sessionId,
        project: "",
        messageCount: history.length,
        preview: first ? previewOf(first.content) : NO_PREVIEW,
        createdAt: this.#createdAt,
        updatedAt: this.#createdAt,
        ...(await this.getContextTokens()),
      },
    ];
  }

  /** Lets go of what the store holds. By default nothing. */
  async close(): Promise<void> {}

  /** A store that begins with these messages: `target` (they are appended to it), or a new {@link MemoryContextStore}. */
  static async fromHistory<T extends ContextStore = MemoryContextStore>(
    history: readonly Message[],
    target?: T,
  ): Promise<T> {
    const store = target ?? new MemoryContextStore();
    await store.appendAll(history);
    return store as T;
  }

  /** Like {@link ContextStore.fromHistory}, with the messages and token counts of another store. */
  static async fromContext<T extends ContextStore = MemoryContextStore>(context: ContextStore, target?: T): Promise<T> {
    const store = await ContextStore.fromHistory<T>(await context.getHistory(), target);
    const { inputTokens, outputTokens } = await context.getContextTokens();
    await store.addContextTokens(inputTokens, outputTokens);
    return store;
  }
}

/** A chat session in memory: gone with the page. For tests, and for what need not be kept. */
export class MemoryContextStore extends ContextStore {
  #history: Message[];

  /** Begins with `history`. Throws `invalid-message` for what no store could keep. */
  constructor(history: readonly Message[] = []) {
    super();
    this.#history = checkArray("history", history).map(checkMessage);
  }

  override async append(message: Message): Promise<void> {
    this.#history.push(checkMessage(message));
  }

  override async appendAll(messages: readonly Message[]): Promise<void> {
    this.#history = [...this.#history, ...checkArray("messages", messages).map(checkMessage)];
  }

  override async getHistory(): Promise<Message[]> {
    return structuredClone(this.#history);
  }

  override async clear(): Promise<void> {
    this.#history = [];
    await this.setContextTokens(0, 0);
  }
}
