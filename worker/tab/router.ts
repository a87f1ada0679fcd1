import { ContextStoreError } from "../../src/errors.js";
import { isLocal, PROTOCOL, type OpenOptions, type Reply, type Request, type WorkerEvent } from "../../src/protocol.js";
import {
  type Announcement,
  type ClientMessage,
  firstCommit,
  type Ownership,
  sameOwnership,
  TabChannels,
} from "../channels.js";
import { Deltas } from "../envelopes/deltas.js";
import { sealRequest } from "../envelopes/seal-request.js";
import { failure, newerVersion, storageCleared, success } from "../failure.js";
import { Owner, type OwnerEvents, type OwnerOptions } from "../owner/owner.js";
import { awaitTurn, openAsOwner, tryTurn, type Turn } from "../owner/ownership.js";
import type { OwnerOperation } from "../requests.js";
import { openMemoryStorage } from "../storage/memory-storage.js";
import { ChangeFeed } from "./change-feed.js";
import { Dispatcher } from "./dispatcher.js";
import { type Outstanding, OutstandingCalls } from "./outstanding.js";
import { Predecessor } from "./predecessor.js";
import { warmUp } from "./warm-up.js";

/** So long after it has met an owner a tab wants a line to it: a shared worker would slow down what a page asks for first. */
const LINE_MS = 300;

/** How often those who wait for another tab's owner are looked after. */
const WATCH_MS = 200;

/** An owner that has said nothing for so long is asked who it is. */
const ASK_AGAIN_MS = 1000;

/** What the page offers to its worker, from there. */
interface Page {
  tell(event: WorkerEvent): void;
  broker(): Promise<MessagePort | undefined>;
  line(port: MessagePort | undefined): void;
}

/**
 * Brings the calls of this worker's page to the owner of the database: this worker itself, or that of another tab, to
 * which the page gets a line of its own. What was not answered when the owner changes is sent again; the ledger in the
 * database makes that safe.
 */
export class Router {
  readonly #options: OpenOptions;
  readonly #page: Page;
  readonly #outstanding = new OutstandingCalls();
  #deltas = new Deltas();
  #hasLine = false;
  readonly #dispatcher: Dispatcher;
  readonly #waiting = new AbortController();
  readonly #predecessor = new Predecessor();
  readonly #changes: ChangeFeed;
  readonly #events: OwnerEvents = {
    lost: (error) => this.#fail(error),
    committed: (commit) => this.#changes.tell([commit]),
    progress: (client, report) => {
      if (client === this.#options.client) this.#page.tell({ type: "progress", ...report });
    },
    findBroker: () => this.#page.broker(),
  };
  #opened = false;
  #isInUse = false;
  #databaseId: string | undefined;
  #failed: ContextStoreError | undefined;
  #lastAsked = 0;
  #ownTurn: Turn | undefined;
  #channels: TabChannels | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #ready: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(options: OpenOptions, page: Page) {
    this.#page = page;
    this.#options = options;
    this.#databaseId = options.databaseId;
    this.#changes = new ChangeFeed(options.client, (changes) => page.tell({ type: "changes", changes }));
    this.#dispatcher = new Dispatcher(options.client, this.#outstanding, (message) => this.#channels!.run(message));
  }

  get #target(): Owner | Ownership | undefined {
    return this.#dispatcher.target;
  }

  /** Resolves to the database's id once there is an owner to talk to. */
  async open(): Promise<string> {
    const { path, client, storage } = this.#options;
    if (storage === "memory") {
      const owner = new Owner(await openMemoryStorage(), this.#ownerOptions(), this.#events);
      this.#setTarget(owner);
    } else {
      this.#watch = setInterval(() => this.#lookAfter(), WATCH_MS);
      this.#channels = new TabChannels(
        path,
        client,
        (message) => this.#hear(message),
        (announcement) => this.#learn(announcement),
        (line) => this.#giveLine(line),
      );
      this.#hello();
      this.#predecessor.asked();
      this.#ownTurn = await tryTurn(path);
      // The answer to the hello may have come before.
      if (this.#failed) {
        this.#ownTurn?.release();
        throw this.#failed;
      }
      const opening = this.#ownTurn ? this.#own() : this.#follow();
      // A page that was here before knows what it waits for, and each of its calls gives up in its own time.
      if (this.#databaseId === undefined) await opening;
      else opening.catch((error: unknown) => this.#fail(error));
    }
    this.#opened = true;
    // What fails here fails again, and is told, when somebody asks for it.
    const firstReads = this.#target instanceof Owner ? this.#target.firstReads() : undefined;
    warmUp(firstReads, () => this.#isInUse).catch(() => {});
    return this.#databaseId!;
  }

  run(requests: readonly Request[], unanswered: readonly number[]): Promise<readonly Reply[]> {
    this.#dispatcher.unanswered = unanswered;
    this.#isInUse = true;
    const calls: Outstanding[] = [];
    const replies = requests.map(
      (request) => new Promise<Reply>((resolve) => calls.push(...this.#take(request, resolve))),
    );
    this.#dispatcher.send(calls);
    return Promise.all(replies);
  }

  /** The call to send, unless it has been answered already. */
  #take(request: Request, resolve: Outstanding["resolve"]): Outstanding[] {
    try {
      if (isLocal(request) && !this.#failed) {
        setTimeout(() => resolve(success(null)), request.args.ms);
        return [];
      }
      const asked = request as Request<OwnerOperation>;
      const sealed = sealRequest(asked, this.#deltas);
      const call = this.#outstanding.add(sealed, (reply) => {
        this.#deltas.settle(asked, reply);
        resolve(reply);
      });
      if (!this.#failed) return [call];
      this.#outstanding.end(this.#failed);
    } catch (error) {
      resolve(failure(error));
    }
    return [];
  }

  listen(wanted: boolean, shown: number): void {
    this.#changes.listen(wanted, shown);
  }

  /** The page has given it up, and asks this worker once more for what it was not answered. */
  lineFailed(): void {
    this.#dropLine();
    if (this.#target && !(this.#target instanceof Owner)) void this.#wantLine(this.#target);
  }

  async close(): Promise<void> {
    const target = this.#dispatcher.stop();
    this.#waiting.abort();
    clearInterval(this.#watch);
    this.#channels?.close();
    if (target instanceof Owner) await target.close();
    this.#ownTurn?.release();
  }

  async #own(): Promise<void> {
    const { path, busyTimeout } = this.#options;
    const { signal } = this.#waiting;
    try {
      const patience = this.#databaseId === undefined ? busyTimeout : Infinity;
      const predecessor = () => this.#predecessor.gone();
      const conditions = { patience, signal, found: this.#ownTurn?.found, predecessor };
      const owner = await openAsOwner(path, this.#ownerOptions(), conditions, this.#events);
      // Other tabs send their calls while this one's are carried out.
      owner.serve(path);
      this.#setTarget(owner);
    } catch (error) {
      this.#ownTurn?.release();
      throw error;
    }
  }

  #ownerOptions(): OwnerOptions {
    return { expectedId: this.#databaseId, inBackground: this.#options.searchIndex === "background" };
  }

  /** Waits for the owner's answer, and queues for its place. */
  #follow(): Promise<void> {
    const { busyTimeout } = this.#options;
    this.#queue().catch((error: unknown) => this.#fail(error));
    return new Promise((resolve, reject) => {
      this.#ready = { resolve, reject };
      if (this.#databaseId !== undefined) return;
      setTimeout(() => {
        const message = `Another tab holds the database and did not answer within ${busyTimeout} ms. Close it, or wait, and try again.`;
        reject(new ContextStoreError("busy", message));
      }, busyTimeout);
    });
  }

  async #queue(): Promise<void> {
    const { signal } = this.#waiting;
    try {
      this.#ownTurn = await awaitTurn(this.#options.path, signal, () => this.#outstanding.size === 0);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await this.#own();
  }

  #learn(announcement: Announcement): void {
    const { type, ownership } = announcement;
    if (type === "owner") this.#meet(ownership);
    else if (type === "cleared" && !this.#target) this.#predecessor.ends();
    else if (!this.#isCurrent(ownership)) return;
    else if (type === "commits") this.#changes.announce(announcement.commits);
    else this.#fail(storageCleared());
  }

  #hear(message: ClientMessage): void {
    if (message.type === "owner") {
      this.#predecessor.stays();
      return this.#meet(message.ownership);
    }
    if (message.type === "working" && !this.#target) this.#predecessor.looks();
    if (!this.#isCurrent(message.ownership)) return;
    this.#outstanding.heard = performance.now();
    if (message.type === "working" && message.progress) this.#page.tell({ type: "progress", ...message.progress });
    if (message.type === "part") this.#outstanding.addPart(message.seq, message.part);
    else if (message.type === "replies") {
      this.#changes.show(message.commit);
      for (const [seq, reply] of message.replies) this.#outstanding.settle(seq, reply);
    } else if (message.type === "late") this.#dispatcher.sendAgain(message.number, message.turn);
  }

  #meet(ownership: Ownership): void {
    // Who has the lock becomes the owner.
    if (this.#ownTurn || this.#target instanceof Owner || this.#isCurrent(ownership)) return;
    if (ownership.protocol > PROTOCOL) return this.#fail(newerVersion());
    // An older owner gives way to us, and so does an older tab that was before us in the queue.
    if (ownership.protocol < PROTOCOL) return this.#hello();
    if (this.#databaseId !== undefined && this.#databaseId !== ownership.databaseId)
      return this.#fail(storageCleared());
    if (this.#target && this.#target.epoch > ownership.epoch) return;
    this.#setTarget(ownership);
  }

  async #wantLine(owner: Ownership): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, LINE_MS));
    if (!this.#isCurrent(owner)) return;
    const broker = await this.#page.broker();
    if (broker && this.#isCurrent(owner)) this.#channels!.offerLine(broker, owner.owner);
  }

  #giveLine(line: MessagePort): void {
    this.#hasLine = true;
    this.#page.line(line);
  }

  #dropLine(): void {
    this.#channels?.dropLine();
    if (!this.#hasLine) return;
    this.#hasLine = false;
    this.#page.line(undefined);
    // What this worker has sent of a message may not be the last that was.
    this.#deltas = new Deltas();
  }

  #isCurrent(ownership: Ownership): boolean {
    return this.#target !== undefined && !(this.#target instanceof Owner) && sameOwnership(this.#target, ownership);
  }

  #setTarget(target: Owner | Ownership): void {
    const ownership = target instanceof Owner ? target.ownership : target;
    this.#databaseId = ownership.databaseId;
    this.#dropLine();
    this.#outstanding.heard = performance.now();
    // What the last owner committed at its very end it may not have told.
    this.#changes.tell([{ client: "", commit: firstCommit(ownership), changes: [{ kind: "resync", dbName: "" }] }]);
    this.#ready?.resolve();
    this.#dispatcher.aimAt(target);
    if (!(target instanceof Owner)) void this.#wantLine(target);
  }

  /** Sees to what waits for an owner that says nothing: asks who it is, and in the end gives up. */
  #lookAfter(): void {
    if (this.#target instanceof Owner || this.#outstanding.size === 0) return;
    const said = Math.max(this.#outstanding.heard, this.#lastAsked);
    if (performance.now() - said > ASK_AGAIN_MS) this.#hello();
    this.#outstanding.giveUp();
  }

  /** The end: every call, now and later, gets this error. */
  #fail(error: unknown): void {
    const reply = failure(error);
    if (reply.ok || this.#failed) return;
    const { code, message, cause } = reply.error;
    this.#failed = new ContextStoreError(code, message, { cause });
    void this.close();
    // Until then, it is the answer to open() that says so.
    if (this.#opened) this.#page.tell({ type: "ended", error: reply.error });
    this.#ready?.reject(this.#failed);
    this.#outstanding.end(this.#failed);
  }

  #hello(): void {
    this.#lastAsked = performance.now();
    this.#channels!.hello(PROTOCOL);
  }
}
