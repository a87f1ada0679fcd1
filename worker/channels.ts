import type { ImportReport } from "../src/operations.js";
import type { Reply } from "../src/protocol.js";
import type { Change } from "./operations/changes.js";
import type { Batch } from "./requests.js";

// Workers of different tabs talk over BroadcastChannels: one that only the owner hears, one per client for the answers,
// and one that all hear for announcements, so that no tab is woken for another's traffic. Calls and answers change over to
// a line of their own, a port to the owner, where there is a broker that brings both together: it takes half the time.

/** Which ownership of which database. What does not match is never carried out. */
export interface Ownership {
  readonly protocol: number;
  /** Random, in the file. */
  readonly databaseId: string;
  /** Grows by one with each owner that writes to the file. */
  readonly epoch: number;
  /** Random: an owner that has not written yet shares its epoch with the next one. */
  readonly owner: string;
}

/** To the owner. */
export type OwnerMessage =
  | { readonly type: "hello"; readonly client: string; readonly protocol: number }
  /** The broker has a line to this client. */
  | { readonly type: "offered"; readonly client: string }
  /** What this worker says from now on comes through the line that it has offered. */
  | ({ readonly type: "line"; readonly client: string } & Addressed)
  | (RunMessage & Addressed);

export interface RunMessage {
  readonly type: "run";
  readonly ownership: Ownership;
  readonly batch: Batch;
  /** Of this message: each is one more than the one before. */
  readonly number: number;
  /** By the clock: what is not begun by then will not be. */
  readonly deadline: number;
  /** That of the last "late" that the client has heard; what it sent before that would overtake what was late. */
  readonly turn: number;
}

/** From, or to, one worker of a page: what was answered to one that died makes no sense to the next. */
export interface Addressed {
  readonly worker: string;
}

/** To one client. */
export type ClientMessage =
  | { readonly type: "owner"; readonly ownership: Ownership }
  /** Through a line: the owner has the other end of it. */
  | { readonly type: "line"; readonly ownership: Ownership }
  /** What the client asked for takes its time. */
  | { readonly type: "working"; readonly ownership: Ownership; readonly progress?: ImportReport }
  | ((
      | {
          readonly type: "replies";
          /** The last one that was made before. */
          readonly commit: number;
          readonly replies: readonly (readonly [seq: number, reply: Reply])[];
        }
      /** The beginning of an answer that is too large for one message; what follows, and in the end the reply, is the rest. */
      | { readonly type: "part"; readonly seq: number; readonly part: string }
      /** This message came after its deadline, or behind such, and was not begun. It is to be sent again, in this turn. */
      | { readonly type: "late"; readonly number: number; readonly turn: number }
    ) &
      Addressed & { readonly ownership: Ownership });

/** To the broker: an owner waits for lines, or a client offers one, which comes with the message. */
export type ToBroker =
  | { readonly type: "owner"; readonly owner: string }
  | { readonly type: "offer"; readonly owner: string; readonly client: LineEnd };

/** Whose line it is. The broker tells the owner with the line. */
export interface LineEnd extends Addressed {
  readonly client: string;
}

/** What a commit has changed, and which page had asked for it. */
export interface Commit {
  readonly client: string;
  readonly commit: number;
  readonly changes: readonly Change[];
}

/** To all. "cleared": the files of this ownership are gone from the origin. */
export type Announcement =
  | { readonly type: "owner" | "cleared"; readonly ownership: Ownership }
  | { readonly type: "commits"; readonly ownership: Ownership; readonly commits: readonly Commit[] };

export function ownerChannel(path: string): BroadcastChannel {
  return new BroadcastChannel(`axio-context-opfs:${path}:owner`);
}

export function clientChannel(path: string, client: string): BroadcastChannel {
  return new BroadcastChannel(`axio-context-opfs:${path}:client:${client}`);
}

export function announcementChannel(path: string): BroadcastChannel {
  return new BroadcastChannel(`axio-context-opfs:${path}:all`);
}

/** What the worker of one tab hears and says while another owns the database. */
export class TabChannels {
  readonly #worker = crypto.randomUUID();
  readonly #client: string;
  readonly #onMessage: (message: ClientMessage) => void;
  readonly #replies: BroadcastChannel;
  readonly #all: BroadcastChannel;
  readonly #owner: BroadcastChannel;
  #offeredLine: MessagePort | undefined;
  /** The one that was offered, once the owner has the other end. */
  #line: MessagePort | undefined;

  constructor(
    path: string,
    client: string,
    onMessage: (message: ClientMessage) => void,
    onAnnouncement: (announcement: Announcement) => void,
  ) {
    this.#client = client;
    this.#onMessage = onMessage;
    this.#replies = clientChannel(path, client);
    this.#replies.addEventListener("message", ({ data }: MessageEvent<ClientMessage>) => this.#hear(data));
    this.#all = announcementChannel(path);
    this.#all.addEventListener("message", ({ data }: MessageEvent<Announcement>) => onAnnouncement(data));
    this.#owner = ownerChannel(path);
  }

  hello(protocol: number): void {
    this.#tell({ type: "hello", client: this.#client, protocol });
  }

  run(message: RunMessage): void {
    const addressed = { ...message, worker: this.#worker };
    if (this.#line) this.#line.postMessage(addressed);
    else this.#tell(addressed);
  }

  /** Offers this owner a line. Calls go through it once the owner has it. */
  offerLine(broker: MessagePort, owner: string): void {
    this.dropLine();
    const { port1: line, port2 } = new MessageChannel();
    this.#offeredLine = line;
    line.addEventListener("message", ({ data }: MessageEvent<ClientMessage>) => {
      if (data.type !== "line") return this.#hear(data);
      // The owner listens to the line from then on, so that nothing overtakes what was said here.
      this.#tell({ type: "line", client: this.#client, worker: this.#worker });
      this.#line = line;
    });
    line.start();
    const offer: ToBroker = { type: "offer", owner, client: { client: this.#client, worker: this.#worker } };
    broker.postMessage(offer, [port2]);
    broker.close();
    this.#tell({ type: "offered", client: this.#client });
  }

  /** Says nothing through the line any more. Gives whether something was. */
  dropLine(): boolean {
    const wasUsed = this.#line !== undefined;
    this.#offeredLine?.close();
    this.#offeredLine = this.#line = undefined;
    return wasUsed;
  }

  #hear(message: ClientMessage): void {
    if (!("worker" in message) || message.worker === this.#worker) this.#onMessage(message);
  }

  #tell(message: OwnerMessage): void {
    this.#owner.postMessage(message);
  }

  close(): void {
    this.dropLine();
    for (const channel of [this.#replies, this.#all, this.#owner]) channel.close();
  }
}

/** Held by the first of those who wait for the owner's lock. No path has an owner's lock of this name, however it ends. */
export function nextLock(path: string): string {
  return `axio-context-opfs.next:${path}`;
}

/**
 * The number from which an owner counts its commits: they grow over all owners of a file without being written to it, and
 * stay numbers that JavaScript counts exactly.
 */
export function firstCommit({ epoch }: Ownership): number {
  return epoch * 2 ** 32;
}

export function sameOwnership(a: Ownership, b: Ownership): boolean {
  return a.databaseId === b.databaseId && a.owner === b.owner;
}
