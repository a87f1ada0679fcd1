import type { BrowserContext, CDPSession, Page } from "playwright";

/** Bytes that a page's worker holds. */
export interface WorkerMemory {
  /** Objects and strings. */
  readonly heap: number;
  /** Array buffers. */
  readonly buffers: number;
  /** SQLite's own memory: its page cache and all else. It never shrinks. */
  readonly wasm: number;
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Looks into the worker of a page as the developer tools do. Chromium alone. */
export class WorkerInspector {
  readonly #session: CDPSession;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #worker: string | undefined;
  #calls = 0;

  /** To be called before the page starts its worker. */
  static async attach(context: BrowserContext, page: Page): Promise<WorkerInspector> {
    const inspector = new WorkerInspector(await context.newCDPSession(page));
    await inspector.#session.send("Target.setAutoAttach", {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
    });
    return inspector;
  }

  private constructor(session: CDPSession) {
    this.#session = session;
    session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
      if (targetInfo.type === "worker") this.#worker = sessionId;
    });
    session.on("Target.receivedMessageFromTarget", ({ message }) => {
      const answer = JSON.parse(message) as Answer;
      if (answer.id !== undefined) this.#answers.get(answer.id)?.(answer);
    });
  }

  /** What is held after a garbage collection. */
  async memory(): Promise<WorkerMemory> {
    await this.#send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await this.#send("Runtime.getHeapUsage");
    return { heap: Number(usedSize), buffers: Number(backingStorageSize), wasm: await this.#wasm() };
  }

  async #wasm(): Promise<number> {
    const { result } = await this.#send("Runtime.evaluate", { expression: "WebAssembly.Memory.prototype" });
    const { objects } = await this.#send("Runtime.queryObjects", {
      prototypeObjectId: (result as { readonly objectId: string }).objectId,
    });
    const sum = await this.#send("Runtime.callFunctionOn", {
      objectId: (objects as { readonly objectId: string }).objectId,
      functionDeclaration: "function () { return this.reduce((sum, { buffer }) => sum + buffer.byteLength, 0); }",
      returnByValue: true,
    });
    return (sum["result"] as { readonly value: number }).value;
  }

  async #send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    if (!this.#worker) throw new Error("The page has no worker yet.");
    const id = ++this.#calls;
    const answered = new Promise<Answer>((resolve) => this.#answers.set(id, resolve));
    const message = JSON.stringify({ id, method, params });
    await this.#session.send("Target.sendMessageToTarget", { sessionId: this.#worker, message });
    const { result, error } = await answered;
    this.#answers.delete(id);
    if (!result) throw new Error(`${method} failed: ${error?.message}`);
    return result;
  }
}
