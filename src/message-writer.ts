import { checkContent } from "./content.js";
import type { DatabaseConnection } from "./database-connection.js";
import type { ContentBlock, Message, MessageRef } from "./messages.js";
import { newMessages } from "./new-message.js";
import type { SessionKey } from "./operations.js";

/** Milliseconds from one write to the next: with what a write takes, well under the 500 that are promised. */
const INTERVAL = 300;

/** A message that is still being written. Made by {@link SQLiteContextStore.beginMessage}. */
export interface MessageWriter {
  /** The row's id in the database; never used again for another row. */
  readonly id: number;
  /** The message's identity everywhere. */
  readonly uid: string;
  /** Where the message was begun; an edit may have moved it since. */
  readonly position: number;
  /**
   * Says what the message is by now: all of it, not only what is new. Costs next to nothing; what is newest is in the
   * file, and to be read by every tab, 500 ms later at the latest. The array is read when it is written. Never throws: what cannot be stored is not written,
   * and `finish()` says why. A write that fails is made up for by the next. Does nothing after `finish` and `abort`.
   */
  update(content: readonly ContentBlock[]): void;
  /**
   * Makes the message complete, with this content, or else what `update` said last, and appends `followedBy` in the same
   * transaction: the results of the tools that it calls, say. Rejects `invalid-message` for what cannot be stored, and
   * then can be called again; `not-found` when the message was removed, in whatever tab. A second call with the same
   * content changes nothing.
   */
  finish(content?: readonly ContentBlock[], followedBy?: readonly Message[]): Promise<void>;
  /** Takes the message out again. Rejects `not-found` when it was removed or finished before. */
  abort(): Promise<void>;
}

/** Writes at most once per interval, and never while the last write is under way. */
export class StreamedMessage implements MessageWriter {
  readonly id: number;
  readonly uid: string;
  readonly position: number;
  readonly #connection: DatabaseConnection;
  readonly #session: SessionKey;
  #latest: readonly ContentBlock[] = [];
  /** What `update` said last has not been written. */
  #isDue = false;
  #isWriting = false;
  #isWaiting = false;
  #hasEnded = false;
  #writtenAt = -Infinity;

  constructor(connection: DatabaseConnection, session: SessionKey, { id, uid, position }: MessageRef) {
    this.#connection = connection;
    this.#session = session;
    this.id = id;
    this.uid = uid;
    this.position = position;
  }

  update(content: readonly ContentBlock[]): void {
    if (this.#hasEnded) return;
    this.#latest = content;
    this.#isDue = true;
    this.#schedule();
  }

  async finish(content: readonly ContentBlock[] = this.#latest, followedBy: readonly Message[] = []): Promise<void> {
    const checked = checkContent(content);
    const messages = newMessages("followedBy", followedBy);
    // What a second call without any says, too.
    this.#latest = checked;
    this.#hasEnded = true;
    await this.#connection.call("finish", { session: this.#session, id: this.id, content: checked, messages });
  }

  async abort(): Promise<void> {
    this.#hasEnded = true;
    await this.#connection.call("abort", { session: this.#session, id: this.id });
  }

  #schedule(): void {
    if (!this.#isDue || this.#isWriting || this.#hasEnded) return;
    const pause = this.#writtenAt + INTERVAL - performance.now();
    if (pause <= 0) void this.#write();
    else if (!this.#isWaiting) void this.#wait(pause);
  }

  async #write(): Promise<void> {
    this.#isDue = false;
    this.#isWriting = true;
    this.#writtenAt = performance.now();
    try {
      const content = checkContent(this.#latest);
      await this.#connection.call("checkpoint", { session: this.#session, id: this.id, content });
    } catch {
      // The next write, or finish(), takes all of it along, or says what is wrong.
    }
    this.#isWriting = false;
    this.#schedule();
  }

  // Timers of a hidden page sleep for up to a minute: its worker keeps the time.
  async #wait(ms: number): Promise<void> {
    this.#isWaiting = true;
    try {
      await this.#connection.call("wait", { ms });
    } catch {
      // The connection has ended, and with it the stream.
      this.#hasEnded = true;
    }
    this.#isWaiting = false;
    this.#schedule();
  }
}
