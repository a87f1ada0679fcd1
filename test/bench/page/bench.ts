import { openDriver } from "virtual:driver";
import { makeMessages, makeSession, type Session } from "../data/messages.js";
import type { Driver } from "../drivers/driver.js";
import { WORKLOADS } from "../workloads/index.js";
import { type Figures, LONG, type Scale, type State } from "../workloads/workload.js";
import { checkMessages } from "./answers.js";
import { type Blocks, blocksOf } from "./blocks.js";
import type { ChatScale } from "./chat-costs.js";
import { growthCalls } from "./growth-calls.js";
import { timed } from "./timing.js";
import { usedBytes } from "./used-bytes.js";
import { workerMemory } from "./worker-memory.js";

declare global {
  /** What the command calls in the page. */
  var bench: Bench;
  /** Milliseconds from the beginning of the navigation to the last messages, or what went wrong. */
  var loaded: { readonly milliseconds: number } | { readonly error: string } | undefined;
}

const SESSIONS_AT_ONCE = 100;
const LAST = 50;

const parameters = new URLSearchParams(location.search);

/** One page of one driver. */
class Bench {
  #driver: Promise<Driver> | undefined;

  open(): Promise<Driver> {
    return (this.#driver ??= openDriver(parameters.get("variant") ?? ""));
  }

  async run(name: string, scale: Scale, state: State): Promise<{ readonly figures: Figures; readonly state: State }> {
    const workload = WORKLOADS.find((each) => each.name === name)!;
    const figures = await workload.run(await this.open(), scale, state);
    return { figures, state };
  }

  /** Fills the store of many sessions, or that of the long one. */
  async load(what: "sessions" | "long", { sessions, perSession, long }: Scale): Promise<void> {
    const driver = await this.open();
    if (what === "long")
      return driver.load([{ ...makeSession(0, 0), id: LONG, messages: makeMessages(LONG, 0, long) }]);
    let loaded: Session[] = [];
    for (let number = 0; number < sessions; number++) {
      loaded.push(makeSession(number, perSession));
      if (loaded.length < SESSIONS_AT_ONCE && number < sessions - 1) continue;
      await driver.load(loaded);
      loaded = [];
    }
  }

  /** Fills the store from the file that was given to the page's input. */
  async importFile(): Promise<void> {
    const driver = await this.open();
    const file = document.querySelector("input")!.files![0]!;
    await driver.importFile!(file);
  }

  async close(): Promise<void> {
    const driver = await this.#driver;
    this.#driver = undefined;
    await driver?.close();
  }

  /** How long the page is blocked by a long history, and by one large message. */
  async blocks(scale: Scale): Promise<Blocks> {
    return blocksOf(await this.open(), scale);
  }

  /** The calls that must not grow with the database. */
  async growth(sessions: number): Promise<Figures> {
    return growthCalls(await this.open(), sessions);
  }

  /** Milliseconds until the database is open and has answered. */
  async openTime(): Promise<number> {
    const [milliseconds] = await timed(async () => (await this.open()).last("none", 1));
    return milliseconds;
  }

  /** Reads a whole history and keeps nothing of it. */
  async read(session: string): Promise<number> {
    return (await (await this.open()).history(session)).length;
  }

  async indexCosts(scale: ChatScale): Promise<Figures> {
    return (await chatCosts()).indexCosts(scale);
  }

  async streamCosts(scale: ChatScale): Promise<Figures> {
    return (await chatCosts()).streamCosts(scale);
  }

  async pageCosts(length: number): Promise<Figures> {
    return (await chatCosts()).pageCosts(document.querySelector("input")!.files![0]!, length);
  }

  usedBytes = usedBytes;
  workerMemory = workerMemory;
}

/** They bring the package with them, which must not be in the pages of other stores. */
function chatCosts() {
  return import("./chat-costs.js");
}

/** What a user waits for who opens the chat. */
async function showLast(length: number): Promise<void> {
  const driver = await bench.open();
  const messages = await driver.last(LONG, LAST);
  const milliseconds = performance.now();
  checkMessages(messages, LONG, length - LAST, LAST);
  globalThis.loaded = { milliseconds };
}

globalThis.bench = new Bench();
const shown = parameters.get("show");
if (shown !== null) {
  showLast(Number(shown)).catch((error: unknown) => {
    globalThis.loaded = { error: String(error) };
  });
}
