import type { ContextStoreError } from "../../src/errors.js";
import type { ImportReport } from "../../src/operations.js";
import { PROTOCOL, type Reply } from "../../src/protocol.js";
import type { FileStatus } from "../../src/reports.js";
import { cut } from "../answer-parts.js";
import {
  type Addressed,
  type ClientMessage,
  clientChannel,
  type Line,
  type OwnerMessage,
  ownerChannel,
  type Ownership,
  type RunMessage,
  sameOwnership,
  type ToBroker,
} from "../channels.js";
import { newerVersion, success } from "../failure.js";
import { Recent } from "../recent.js";
import { isLong, isReading, type Batch } from "../requests.js";
import type { Replies } from "../answers/answers.js";
import { ClientLine } from "./client-line.js";

/** How often the client of something long hears that it goes on, at least; one that has less patience more often. */
const WORKING_MS = 200;

/** So many times while the client waits. */
const WORKING_TIMES = 4;

/** The other tabs that are remembered. One that was forgotten costs a new channel, no more. */
const CLIENTS = 100;

/** Another tab. */
interface Client {
  readonly channel: BroadcastChannel;
  /** The last one that it has offered. */
  line: ClientLine | undefined;
  /** What it sends in an earlier turn is late; see {@link RunMessage}. */
  turn: number;
}

/** What the owner does for other tabs. */
export interface ForOtherTabs {
  run(batch: Batch): Replies;
  /** The number of the last commit. */
  lastCommit(): number;
  /** Tells all tabs of what was committed. */
  announce(): void;
  /** Rejects when the files are gone. */
  look(): Promise<void>;
  /** A newer version of the application is waiting for the database. */
  giveUp(error: ContextStoreError): void;
  /** A port to the broker, where the browser has one. */
  findBroker(): Promise<MessagePort | undefined>;
}

/** Hears what other tabs ask of the owner, and answers them. */
export class OtherTabs {
  readonly #ownership: Ownership;
  readonly #owner: ForOtherTabs;
  readonly #clients: Recent<Client>;
  readonly #requests: BroadcastChannel;
  #isClosed = false;

  constructor(path: string, ownership: Ownership, owner: ForOtherTabs) {
    this.#ownership = ownership;
    this.#owner = owner;
    this.#clients = new Recent<Client>(
      CLIENTS,
      (client) => ({ channel: clientChannel(path, client), line: undefined, turn: 0 }),
      ({ channel, line }) => {
        channel.close();
        line?.close();
      },
    );
    this.#requests = ownerChannel(path);
    this.#requests.addEventListener("message", ({ data }: MessageEvent<OwnerMessage>) => void this.#hear(data));
  }

  /** Tells a tab, if it is one of them, how far its import has come. */
  report(client: string, progress: ImportReport): void {
    this.#post(client, { type: "working", ownership: this.#ownership, progress });
  }

  close(): void {
    this.#isClosed = true;
    this.#requests.close();
    this.#clients.clear();
  }

  async #hear(message: OwnerMessage): Promise<void> {
    if (this.#isClosed) return;
    if (message.type === "run") return this.#answer(message);
    // The one that was found for others may have died: it lives in the process of one tab.
    if (message.type === "offered") return this.#awaitLines(await this.#owner.findBroker());
    const client = this.#clients.get(message.client);
    // It must not wait for an older one, which cannot know what it needs.
    if (message.protocol > PROTOCOL) return this.#owner.giveUp(newerVersion());
    this.#tell(client, { type: "working", ownership: this.#ownership });
    // Whoever comes after the site's data was cleared must not join those who have not noticed.
    await this.#owner.look().then(
      () => this.#tell(client, { type: "owner", ownership: this.#ownership }),
      () => {},
    );
  }

  #awaitLines(broker: MessagePort | undefined): void {
    if (!broker || this.#isClosed) return;
    broker.addEventListener("message", ({ data, ports: [port] }: MessageEvent<Line>) => this.#take(data, port!));
    broker.start();
    broker.postMessage({ type: "owner", owner: this.#ownership.owner } satisfies ToBroker);
  }

  #take({ client: name, id }: Line, port: MessagePort): void {
    if (this.#isClosed) return;
    const client = this.#clients.get(name);
    client.line?.close();
    client.line = new ClientLine(port, async (requests, unanswered) => {
      const batch = { client: name, unanswered, requests };
      const replies = await this.#run(batch);
      return { replies, commit: this.#owner.lastCommit() };
    });
    this.#tell(client, { type: "line", ownership: this.#ownership, client: name, id });
  }

  async #run(batch: Batch): Promise<readonly Reply[]> {
    const replies = await this.#whileSayingSo(batch, this.#owner.run(batch));
    // Who reads, and listens then, must not hear of what was there when it read.
    if (isReading(batch)) this.#owner.announce();
    return batch.requests.map(({ name }, place) =>
      name === "fileStatus" ? ofFollower(replies[place]!) : replies[place]!,
    );
  }

  async #answer({ ownership, batch, number, deadline, turn, worker }: RunMessage & Addressed): Promise<void> {
    if (this.#isClosed || !sameOwnership(ownership, this.#ownership)) return;
    const client = this.#clients.get(batch.client);
    // It has given up its line, if it had one: what comes out of that after all must not follow what is sent again.
    if (!isLong(batch) && client.line?.isUsed) client.line.close();
    // Calls of a page are carried out in order: what follows something late waits until that has come again.
    if (Date.now() > deadline) client.turn = Math.max(client.turn, turn + 1);
    if (turn < client.turn) {
      this.#post(batch.client, { type: "late", ownership, worker, number, turn: client.turn });
      return;
    }
    const replies = await this.#run(batch);
    const ends = batch.requests.map(({ seq }, place) => {
      const [parts, last] = cut(replies[place]!);
      for (const part of parts) this.#post(batch.client, { type: "part", ownership, worker, seq, part });
      return [seq, last] as const;
    });
    this.#post(batch.client, { type: "replies", ownership, worker, commit: this.#owner.lastCommit(), replies: ends });
  }

  /** An import takes its time: the client hears that it goes on, and does not give up. */
  async #whileSayingSo({ client, requests }: Batch, replies: Replies): Promise<Awaited<Replies>> {
    if (!(replies instanceof Promise)) return replies;
    const patience = Math.min(...requests.map(({ terms }) => terms.busyTimeout));
    const pause = Math.min(WORKING_MS, patience / WORKING_TIMES);
    const timer = setInterval(() => this.#post(client, { type: "working", ownership: this.#ownership }), pause);
    try {
      return await replies;
    } finally {
      clearInterval(timer);
    }
  }

  #post(client: string, message: ClientMessage): void {
    this.#tell(this.#clients.get(client), message);
  }

  /** Each worker of the client hears it. */
  #tell({ channel }: Client, message: ClientMessage): void {
    if (!this.#isClosed) channel.postMessage(message);
  }
}

/** An owner speaks of itself. */
function ofFollower(reply: Reply): Reply {
  return reply.ok ? success({ ...(reply.value as FileStatus), role: "follower" }) : reply;
}
