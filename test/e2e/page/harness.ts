import {
  type ChangeFilter,
  connect,
  type Connection,
  type ConnectOptions,
  type ContextChange,
  isContextStoreError,
  SQLiteContextStore,
} from "../../../src/index.js";
import { FaultyWorkers } from "./faulty-workers.js";

declare global {
  /** What tests call in the page. */
  var harness: Harness;
}

/** How a call ended. */
interface Rejection {
  readonly code: string;
  readonly outcome: string;
  readonly message: string;
}

/** Texts appended without end, several at a time. */
interface Pump {
  isOn: boolean;
  next: number;
  acknowledged: number;
  lanes: readonly Promise<void>[];
}

const LANES = 20;
/** Survives a reload, not the tab. */
const ACKNOWLEDGED = "acknowledged";

class Harness {
  connection: Connection | undefined;
  /** Workers that {@link openWithWorkers} started. */
  readonly workers: Worker[] = [];
  /** Workers that {@link openFaulty} started. */
  readonly faulty = new FaultyWorkers();
  /** What {@link listen} heard. */
  readonly heard: ContextChange[] = [];
  /** Whether the page came out of the back/forward cache when it was last shown. */
  persisted = false;
  wasShown = false;
  readonly #pump: Pump = { isOn: false, next: 0, acknowledged: 0, lanes: [] };

  get store(): SQLiteContextStore {
    return new SQLiteContextStore(this.connection!, "session");
  }

  connect(options?: ConnectOptions): Promise<Connection> {
    return connect("chat.db", options);
  }

  async open(options?: ConnectOptions): Promise<void> {
    this.connection ??= await this.connect(options);
  }

  /** As {@link open}, with workers that the test can end. */
  async openWithWorkers(): Promise<void> {
    await this.open({
      worker: () => {
        const worker = new Worker(new URL("../../../worker/worker.js", import.meta.url), { type: "module" });
        this.workers.push(worker);
        return worker;
      },
    });
  }

  /** As {@link open}, with workers in which the test can bring about faults. */
  async openFaulty(options?: ConnectOptions): Promise<void> {
    await this.open({ ...options, worker: this.faulty.start });
  }

  /** Hears of every change that is made from now on. */
  async listen(filter?: ChangeFilter): Promise<void> {
    this.connection!.subscribe((change) => this.heard.push(change), filter);
    // The worker has been told to listen when it answers what it was asked after that.
    await this.connection!.status();
  }

  async role(): Promise<string> {
    return (await this.connection!.status()).role;
  }

  async close(): Promise<void> {
    await this.connection?.close();
    this.connection = undefined;
  }

  /** How connect() rejects. */
  async failure(): Promise<{ readonly code: string; readonly message: string }> {
    try {
      await connect("chat.db");
    } catch (error) {
      if (isContextStoreError(error)) return { code: error.code, message: error.message };
      throw error;
    }
    return { code: "none", message: "connect() resolved." };
  }

  /** How a call of the package rejects; code "none" when it does not. */
  async rejection(call: Promise<unknown>): Promise<Rejection> {
    try {
      await call;
    } catch (error) {
      if (isContextStoreError(error)) return { code: error.code, outcome: error.outcome, message: error.message };
      throw error;
    }
    return { code: "none", outcome: "none", message: "The call resolved." };
  }

  async append(...texts: readonly string[]): Promise<void> {
    const { store } = this;
    await Promise.all(texts.map((text) => store.append({ role: "user", content: [{ type: "text", text }] })));
  }

  async texts(): Promise<string[]> {
    const history = await this.store.getHistory();
    return history.flatMap(({ content }) => content.map((block) => (block.type === "text" ? block.text : block.type)));
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
        sessionStorage.setItem(ACKNOWLEDGED, `${sessionStorage.getItem(ACKNOWLEDGED) ?? ""}${text} `);
      }
    };
    pump.lanes = Array.from({ length: LANES }, lane);
  }

  get pumped(): number {
    return this.#pump.acknowledged;
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
