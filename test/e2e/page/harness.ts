import {
  type ChangeFilter,
  compactHistory,
  type CompactOptions,
  connect,
  type Connection,
  type ConnectOptions,
  type ContextChange,
  isContextStoreError,
  SQLiteContextStore,
} from "../../../src/index.js";
import { FaultyWorkers } from "./faulty-workers.js";
import { Importing } from "./importing.js";
import { Latency } from "./latency.js";
import { type Ending, Load } from "./load.js";
import { Pool } from "./pool.js";
import { progressOf, Stream } from "./stream.js";

declare global {
  /** What tests call in the page. */
  var harness: Harness;
}

/** Texts appended without end, several at a time. */
interface Pump {
  isOn: boolean;
  next: number;
  acknowledged: number;
  lanes: readonly Promise<void>[];
}

/** What has come of opening a database with damaged files. */
export interface Opening {
  readonly code: string;
  readonly message: string;
  /** Of the messages; none where it has not opened. */
  readonly texts: readonly string[];
  /** Files whose data are no longer what they were before; where it has not opened. */
  readonly changed: readonly string[];
  /** Files whose data cannot be rescued; where it has not opened. */
  readonly notRescued: readonly string[];
}

const LANES = 20;
/** Survives a reload, not the tab. */
const ACKNOWLEDGED = "acknowledged";

class Harness {
  connection: Connection | undefined;
  /** Workers that {@link openFaulty} started. */
  readonly faulty = new FaultyWorkers();
  readonly importing: Importing = new Importing(() => this.connection!);
  readonly latency = new Latency();
  readonly pool = new Pool();
  readonly stream = new Stream();
  /** What {@link listen} heard. */
  readonly heard: ContextChange[] = [];
  stopListening: () => void = () => {};
  /** What {@link listenAndRead} read last. */
  lastRead: readonly string[] = [];
  readonly #onHeard = new EventTarget();
  /** Whether the page came out of the back/forward cache when it was last shown. */
  persisted = false;
  wasShown = false;
  readonly load: Load = new Load((text) => this.rejection(this.append(text)));
  readonly #onPumped = new EventTarget();
  readonly #onCompacted = new EventTarget();
  #compactions = 0;
  readonly #pump: Pump = { isOn: false, next: 0, acknowledged: 0, lanes: [] };

  get store(): SQLiteContextStore {
    return this.storeOf("session");
  }

  storeOf(sessionId: string): SQLiteContextStore {
    return new SQLiteContextStore(this.connection!, sessionId);
  }

  /** A session of the file that test/python/large.py makes. */
  fileSession(number: number): SQLiteContextStore {
    return new SQLiteContextStore(this.connection!, `from-file-${number}`, { project: "file" });
  }

  /** What {@link latency} was told is stored, and is not. */
  async lost(): Promise<string[]> {
    const there = new Set<string>();
    const stores = [this.store, this.storeOf("mine"), ...Array.from({ length: 50 }, (_, i) => this.fileSession(i))];
    for (const store of stores) {
      for await (const { content } of store.messages()) {
        if (content[0]?.type === "text") there.add(`${store.sessionId} ${content[0].text}`);
      }
    }
    return this.latency.acknowledged.filter((text) => !there.has(text));
  }

  /** How many messages of the file are there. */
  async brought(): Promise<number> {
    const projects = await this.connection!.listProjects();
    const count = projects.find(({ project }) => project === "file")?.messageCount ?? 0;
    return count - this.latency.acknowledged.filter((text) => text.startsWith("from-file-")).length;
  }

  async untilNothingBrought(): Promise<void> {
    while ((await this.brought()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  connect(options?: ConnectOptions, path = "chat.db"): Promise<Connection> {
    return connect(path, options);
  }

  async open(options?: ConnectOptions): Promise<void> {
    this.connection ??= await this.connect(options);
  }

  /** As {@link open}, with workers in which the test can bring about faults. Tabs have no lines to them. */
  async openFaulty(options?: ConnectOptions): Promise<void> {
    await this.open({ ...options, worker: this.faulty.start });
  }

  /** The same in place of the package's own workers: to these, tabs have lines. */
  async openFaultyWithLines(options?: ConnectOptions): Promise<void> {
    const { start } = this.faulty;
    globalThis.Worker = new Proxy(Worker, {
      construct: (RealWorker, [url, given]: [URL, WorkerOptions?]) =>
        given?.name === undefined ? start() : new RealWorker(url, given),
    });
    await this.open(options);
  }

  /** Hears of every change that is made from now on. */
  async listen(filter?: ChangeFilter): Promise<void> {
    this.stopListening = this.connection!.subscribe((change) => {
      this.heard.push(change);
      this.#onHeard.dispatchEvent(new Event("change"));
    }, filter);
    // The worker has been told to listen when it answers what it was asked after that.
    await this.connection!.status();
  }

  /** Resolves once such a change has been heard. */
  async untilHeard(matches: (change: ContextChange) => boolean): Promise<void> {
    while (!this.heard.some(matches)) {
      await new Promise((resolve) => this.#onHeard.addEventListener("change", resolve, { once: true }));
    }
  }

  /** What an application does: reads the session again whenever it hears of a change. */
  async listenAndRead(): Promise<void> {
    let reading = Promise.resolve();
    const readAfter = async (before: Promise<void>): Promise<void> => {
      await before;
      this.lastRead = await this.texts();
    };
    this.connection!.subscribe(() => {
      reading = readAfter(reading);
    });
    await this.connection!.status();
  }

  async role(): Promise<string> {
    return (await this.connection!.status()).role;
  }

  async close(): Promise<void> {
    await this.connection?.close();
    this.connection = undefined;
  }

  /** Opens the database again after its connection has come to an end. */
  async reopen(): Promise<void> {
    await this.close();
    await this.open();
  }

  /** How a call of the package rejects; code "none" when it does not. */
  async rejection(call: Promise<unknown>): Promise<Ending> {
    try {
      await call;
    } catch (error) {
      if (isContextStoreError(error)) return { code: error.code, outcome: error.outcome, message: error.message };
      throw error;
    }
    return { code: "none", outcome: "none", message: "The call resolved." };
  }

  /** What comes of opening the database with its files as they are. It is closed again. */
  async tryToOpen(): Promise<Opening> {
    await this.pool.takeSnapshot();
    const { code, message } = await this.rejection(this.open());
    const texts = code === "none" ? await this.texts() : [];
    await this.close();
    if (code === "none") return { code, message, texts, changed: [], notRescued: [] };
    const [changed, notRescued] = [await this.pool.changedFiles(), await this.pool.notRescued()];
    return { code, message, texts, changed, notRescued };
  }

  /** What comes of it with each of these bits of a file's header flipped, one at a time. */
  async tryBits(name: string, bits: readonly (readonly [byte: number, bit: number])[]): Promise<Opening[]> {
    const openings: Opening[] = [];
    for (const [byte, bit] of bits) {
      await this.pool.flip(name, byte, bit);
      openings.push(await this.tryToOpen());
      await this.pool.restore();
    }
    return openings;
  }

  async append(...texts: readonly string[]): Promise<void> {
    const { store } = this;
    await Promise.all(texts.map((text) => store.append({ role: "user", content: [{ type: "text", text }] })));
  }

  async texts(): Promise<string[]> {
    const history = await this.store.getHistory();
    return history.flatMap(({ content }) => content.map((block) => (block.type === "text" ? block.text : block.type)));
  }

  async compact(options: CompactOptions): Promise<boolean> {
    const isCompacted = await compactHistory(this.store, options);
    this.#compactions++;
    this.#onCompacted.dispatchEvent(new Event("compacted"));
    return isCompacted;
  }

  /** Resolves once so many compactions were made. */
  async untilCompacted(count: number): Promise<void> {
    while (this.#compactions < count)
      await new Promise((resolve) => this.#onCompacted.addEventListener("compacted", resolve, { once: true }));
  }

  /** Of the last message, which is streamed somewhere. */
  async progress(): Promise<{ readonly status: string; readonly numbers: number }> {
    const [last] = await this.store.getMessages({ last: 1 });
    return progressOf(last!);
  }

  /** Resolves once so many numbers of the streamed message can be read. */
  async untilStreamed(count: number): Promise<void> {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        const stop = this.store.subscribe(() => {
          stop();
          resolve();
        });
      });
      if ((await this.progress()).numbers >= count) return;
      await changed;
    }
  }

  /** Begins to append "0", "1", "2" and so on, always some of them in flight. */
  startPump(): void {
    const pump = this.#pump;
    pump.isOn = true;
    const lane = async (): Promise<void> => {
      while (pump.isOn) {
        const text = String(pump.next++);
        await this.append(text);
        pump.acknowledged++;
        this.#onPumped.dispatchEvent(new Event("pumped"));
        sessionStorage.setItem(ACKNOWLEDGED, `${sessionStorage.getItem(ACKNOWLEDGED) ?? ""}${text} `);
      }
    };
    pump.lanes = Array.from({ length: LANES }, lane);
  }

  get pumped(): number {
    return this.#pump.acknowledged;
  }

  /** Resolves once so many were acknowledged. */
  async untilPumped(count: number): Promise<void> {
    while (this.pumped < count)
      await new Promise((resolve) => this.#onPumped.addEventListener("pumped", resolve, { once: true }));
  }

  /** Lets what is in flight come to its end. Resolves to what was appended. */
  async stopPump(): Promise<string[]> {
    this.#pump.isOn = false;
    await Promise.all(this.#pump.lanes);
    return Array.from({ length: this.#pump.next }, (_, place) => String(place));
  }

  /** What the pumps of this tab were told is stored, before reloads too. */
  acknowledged(): string[] {
    return (sessionStorage.getItem(ACKNOWLEDGED) ?? "").split(" ").filter(Boolean);
  }
}

globalThis.harness = new Harness();
addEventListener("pagehide", () => {
  harness.wasShown = false;
});
addEventListener("pageshow", ({ persisted }) => {
  Object.assign(harness, { persisted, wasShown: true });
});
