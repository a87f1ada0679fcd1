import type { ImportReport } from "../src/operations.js";
import type { Reply } from "../src/protocol.js";
import type { Change } from "./operations/changes.js";
import type { Batch } from "./requests.js";

// Workers of different tabs talk over BroadcastChannels: one that only the owner hears, one per client for the answers,
// and one that all hear for announcements, so that no tab is woken for another's traffic. Where there is a broker that
// brings both together, the client's page gets a line, a port to the owner, for calls that are answered soon: on half as
// long a way. What takes its time stays on the channels, and what a line has left unanswered is asked for there again.

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
  /** The owner has its end of the line. */
  | ({ readonly type: "line"; readonly ownership: Ownership } & Line)
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
  | { readonly type: "offer"; readonly owner: string; readonly line: Line };

/** A port from a client's page to the owner. */
export interface Line {
  readonly client: string;
  readonly id: string;
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
  readonly #onLine: (line: MessagePort) => void;
  readonly #replies: BroadcastChannel;
  readonly #all: BroadcastChannel;
  readonly #owner: BroadcastChannel;
  /** What the owner has not got yet. */
  #offered: { readonly id: string; readonly port: MessagePort } | undefined;

  constructor(
    path: string,
    client: string,
    onMessage: (message: ClientMessage) => void,
    onAnnouncement: (announcement: Announcement) => void,
    onLine: (line: MessagePort) => void,
  ) {
    this.#client = client;
    this.#onMessage = onMessage;
    this.#onLine = onLine;
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
    this.#tell({ ...message, worker: this.#worker });
  }

  /** Offers this owner a line. The client's end of it is told of once the owner has the other. */
  offerLine(broker: MessagePort, owner: string): void {
    this.dropLine();
    const { port1: port, port2 } = new MessageChannel();
    const line = { client: this.#client, id: crypto.randomUUID() };
    this.#offered = { id: line.id, port };
    broker.postMessage({ type: "offer", owner, line } satisfies ToBroker, [port2]);
    broker.close();
    this.#tell({ type: "offered", client: this.#client });
  }

  #takeLine({ id }: Line): void {
    if (this.#offered?.id !== id) return;
    const { port } = this.#offered;
    this.#offered = undefined;
    this.#onLine(port);
  }

  /** Nobody waits for the line that was offered any more. */
  dropLine(): void {
    this.#offered?.port.close();
    this.#offered = undefined;
  }

  #hear(message: ClientMessage): void {
    if (message.type === "line") this.#takeLine(message);
    else if (!("worker" in message) || message.worker === this.#worker) this.#onMessage(message);
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
