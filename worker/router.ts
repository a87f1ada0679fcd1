import { ContextStoreError } from "../src/errors.js";
import {
  type FileStatus,
  PROTOCOL,
  type OpenOptions,
  type Reply,
  type Request,
  type WorkerEvent,
  WRITES,
} from "../src/protocol.js";
import {
  type Announcement,
  announcementChannel,
  type ClientMessage,
  type Commit,
  clientChannel,
  firstCommit,
  type OwnerMessage,
  ownerChannel,
  type Ownership,
  sameOwnership,
} from "./channels.js";
import { sealRequest, Unsealer } from "./codec.js";
import { warm } from "./envelope.js";
import type { OwnerOperation, OwnerRequest } from "./executor.js";
import { failure, success } from "./failure.js";
import { openMemoryStorage } from "./memory-storage.js";
import { Owner, type OwnerEvents } from "./owner.js";
import { awaitLock, openAsOwner, type Release, tryLock } from "./ownership.js";

/** A call that has not been answered. */
interface Outstanding {
  readonly request: Request;
  readonly sealed: OwnerRequest;
  readonly resolve: (reply: Reply) => void;
  /** When it was last given to an owner, or arrived. */
  since: number;
  /** Whether any owner may have seen it. */
  sent: boolean;
}

/**
 * Brings the calls of this worker's page to the owner of the database: this worker itself, or that of another tab. What
 * was not answered when the owner changes is sent again; the ledger in the database makes that safe.
 */
export class Router {
  readonly #options: OpenOptions;
  readonly #onEvent: (event: WorkerEvent) => void;
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #unsealer = new Unsealer();
  readonly #waiting = new AbortController();
  readonly #events: OwnerEvents = {
    lost: (error) => this.#fail(error),
    committed: (commit) => this.#tell(commit),
    progress: (client, report) => {
      if (client === this.#options.client) this.#onEvent({ type: "progress", ...report });
    },
  };
  #listening = false;
  #target: Owner | Ownership | undefined;
  #opened = false;
  #databaseId: string | undefined;
  #failed: ContextStoreError | undefined;
  #unanswered: readonly number[] = [];
  #lastHeard = 0;
  #release: Release | undefined;
  #channels: BroadcastChannel[] = [];
  #toOwner: BroadcastChannel | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #ready: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(options: OpenOptions, onEvent: (event: WorkerEvent) => void) {
    this.#onEvent = onEvent;
    this.#options = options;
    this.#databaseId = options.databaseId;
  }

  get role(): "owner" | "follower" {
    return this.#target instanceof Owner ? "owner" : "follower";
  }

  /** Resolves to the database's id once there is an owner to talk to. */
  async open(): Promise<string> {
    const { path, storage } = this.#options;
    if (storage === "memory") this.#setTarget(new Owner(await openMemoryStorage(), this.#databaseId, this.#events));
    else {
      this.#release = await tryLock(path);
      if (this.#release) await this.#own();
      else await this.#follow();
    }
    this.#opened = true;
    return this.#databaseId!;
  }

  run(requests: readonly Request[], unanswered: readonly number[]): Promise<readonly Reply[]> {
    this.#unanswered = unanswered;
    const calls: Outstanding[] = [];
    const replies = requests.map(
      (request) => new Promise<Reply>((resolve) => calls.push(...this.#take(request, resolve))),
    );
    this.#send(calls);
    return Promise.all(replies);
  }

  /** The call to send, unless it has been answered already. */
  #take(request: Request, resolve: (reply: Reply) => void): Outstanding[] {
    try {
      if (this.#failed) throw this.#failed;
      if (isForThisWorker(request)) {
        resolve(success(this.#unsealer.rest(request.args.token)));
        return [];
      }
      const call = {
        request,
        sealed: sealRequest(request as Request<OwnerOperation>),
        resolve,
        since: performance.now(),
        sent: false,
      };
      this.#outstanding.set(request.seq, call);
      return [call];
    } catch (error) {
      resolve(failure(error));
      return [];
    }
  }

  listen(wanted: boolean): void {
    this.#listening = wanted;
  }

  close(): void {
    if (this.#target instanceof Owner) this.#target.close();
    this.#leave();
  }

  #leave(): void {
    if (this.#target instanceof Owner) this.#target.stop();
    this.#target = undefined;
    this.#waiting.abort();
    clearInterval(this.#watch);
    for (const channel of this.#channels) channel.close();
    this.#release?.();
  }

  async #own(): Promise<void> {
    const { path, busyTimeout } = this.#options;
    try {
      const owner = await openAsOwner(path, this.#databaseId, busyTimeout, this.#events);
      this.#setTarget(owner);
      owner.serve(path);
    } catch (error) {
      this.#release?.();
      throw error;
    }
  }

  /** Asks the owner to make itself known, and queues for its place. */
  #follow(): Promise<void> {
    const { path, client, busyTimeout } = this.#options;
    const replies = clientChannel(path, client);
    replies.addEventListener("message", ({ data }: MessageEvent<ClientMessage>) => this.#hear(data));
    const all = announcementChannel(path);
    all.addEventListener("message", ({ data }: MessageEvent<Announcement>) => this.#learn(data));
    this.#toOwner = ownerChannel(path);
    this.#channels = [replies, all, this.#toOwner];
    this.#hello();
    warm();
    this.#watch = setInterval(() => this.#giveUp(), 200);
    this.#queue().catch((error: unknown) => this.#fail(error));
    return new Promise((resolve, reject) => {
      this.#ready = { resolve, reject };
      setTimeout(() => {
        const message = `Another tab holds the database and did not answer within ${busyTimeout} ms. Close it, or wait, and try again.`;
        reject(new ContextStoreError("busy", message));
      }, busyTimeout);
    });
  }

  async #queue(): Promise<void> {
    try {
      this.#release = await awaitLock(this.#options.path, this.#waiting.signal);
    } catch (error) {
      if (this.#waiting.signal.aborted) return;
      throw error;
    }
    await this.#own();
  }

  #learn(announcement: Announcement): void {
    const { type, ownership } = announcement;
    if (type === "owner") this.#meet(ownership);
    else if (!this.#isCurrent(ownership)) return;
    else if (type === "commit") this.#tell(announcement.commit);
    else this.#fail(storageCleared());
  }

  #tell({ client, commit, changes }: Commit): void {
    if (!this.#listening) return;
    const local = client === this.#options.client;
    this.#onEvent({ type: "changes", changes: changes.map((change) => ({ ...change, commit, local })) });
  }

  #hear(message: ClientMessage): void {
    if (message.type === "owner") return this.#meet(message.ownership);
    if (!this.#isCurrent(message.ownership)) return;
    this.#lastHeard = performance.now();
    if (message.type === "working" && message.progress) this.#onEvent({ type: "progress", ...message.progress });
    if (message.type === "replies") for (const [seq, reply] of message.replies) this.#settle(seq, reply);
    else if (message.type === "late") this.#send(message.seqs.flatMap((seq) => this.#outstanding.get(seq) ?? []));
  }

  #meet(ownership: Ownership): void {
    if (this.#target instanceof Owner || this.#isCurrent(ownership)) return;
    if (ownership.protocol > PROTOCOL) {
      const message = "Another tab runs a newer version of this application. Reload this page to get it.";
      return this.#fail(new ContextStoreError("protocol-mismatch", message));
    }
    // An older owner gives way to us, and so does an older tab that was before us in the queue.
    if (ownership.protocol < PROTOCOL) return this.#hello();
    if (this.#databaseId !== undefined && this.#databaseId !== ownership.databaseId)
      return this.#fail(storageCleared());
    if (this.#target && this.#target.epoch > ownership.epoch) return;
    this.#setTarget(ownership);
  }

  #isCurrent(ownership: Ownership): boolean {
    return this.#target !== undefined && !(this.#target instanceof Owner) && sameOwnership(this.#target, ownership);
  }

  #setTarget(target: Owner | Ownership): void {
    this.#target = target;
    const ownership = target instanceof Owner ? target.ownership : target;
    this.#databaseId = ownership.databaseId;
    this.#lastHeard = performance.now();
    // What the last owner committed at its very end it may not have told.
    this.#tell({ client: "", commit: firstCommit(ownership), changes: [{ kind: "resync", dbName: "" }] });
    this.#ready?.resolve();
    this.#send([...this.#outstanding.values()]);
  }

  #send(calls: readonly Outstanding[]): void {
    const target = this.#target;
    if (!target || calls.length === 0) return;
    for (const call of calls) {
      call.sent = true;
      call.since = performance.now();
    }
    const batch = {
      client: this.#options.client,
      unanswered: this.#unanswered,
      requests: calls.map(({ sealed }) => sealed),
    };
    if (target instanceof Owner) {
      const replies = target.run(batch);
      if (replies instanceof Promise) void replies.then((late) => this.#deliver(calls, late));
      else this.#deliver(calls, replies);
    } else {
      const patience = Math.max(...calls.map(({ request }) => request.terms.busyTimeout));
      this.#post({ type: "run", ownership: target, batch, deadline: Date.now() + patience });
    }
  }

  #deliver(calls: readonly Outstanding[], replies: readonly Reply[]): void {
    for (const [place, { request }] of calls.entries()) this.#settle(request.seq, replies[place]!);
  }

  #settle(seq: number, reply: Reply): void {
    const call = this.#outstanding.get(seq);
    if (!call) return;
    this.#outstanding.delete(seq);
    const isStatus = call.request.name === "fileStatus" && reply.ok;
    call.resolve(
      isStatus
        ? success({ ...(reply.value as FileStatus), role: this.role })
        : this.#unsealer.unseal(call.request, reply),
    );
  }

  /** Rejects what has waited too long for an owner that says nothing. */
  #giveUp(): void {
    if (this.#target instanceof Owner) return;
    const now = performance.now();
    for (const { request, since, sent } of this.#outstanding.values()) {
      const { busyTimeout } = request.terms;
      if (now - Math.max(since, this.#lastHeard) < busyTimeout) continue;
      const outcome = sent && WRITES.has(request.name) ? "unknown" : "not-applied";
      const message = `The tab that holds the database has not answered for ${busyTimeout} ms. Close it, or wait, and try again.`;
      this.#settle(request.seq, failure(new ContextStoreError("busy", message, { outcome })));
    }
  }

  /** The end: every call, now and later, gets this error. */
  #fail(error: unknown): void {
    const reply = failure(error);
    if (reply.ok) return;
    const { code, message, cause } = reply.error;
    this.#failed = new ContextStoreError(code, message, { cause });
    // Chromium never comes back from closing a file whose origin's data was cleared. It goes with the worker.
    if (code === "storage-cleared") this.#leave();
    else this.close();
    // Until then, it is the answer to open() that says so.
    if (this.#opened) this.#onEvent({ type: "ended", error: reply.error });
    this.#ready?.reject(this.#failed);
    for (const { request, sent } of this.#outstanding.values()) {
      const outcome = sent && WRITES.has(request.name) ? "unknown" : "not-applied";
      this.#settle(request.seq, failure(new ContextStoreError(code, message, { cause, outcome })));
    }
  }

  #hello(): void {
    this.#post({ type: "hello", client: this.#options.client, protocol: PROTOCOL });
  }

  #post(message: OwnerMessage): void {
    this.#toOwner!.postMessage(message);
  }
}

function storageCleared(): ContextStoreError {
  return new ContextStoreError(
    "storage-cleared",
    "The site's data was deleted while the database was open. Connect again to start afresh.",
  );
}

function isForThisWorker(request: Request): request is Request<"rest"> {
  return request.name === "rest";
}
