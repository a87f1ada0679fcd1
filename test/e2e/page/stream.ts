import type { MessageWriter, SQLiteContextStore, StoredMessage } from "../../../src/index.js";

/** An answer that grows as long as nobody stops it: "0 1 2 ...". */
export class Stream {
  #writer: MessageWriter | undefined;
  #text = "";
  #next = 0;
  #isOn = false;
  #running = Promise.resolve();

  async begin(store: SQLiteContextStore): Promise<void> {
    this.#writer = await store.beginMessage("assistant");
    this.#isOn = true;
    this.#running = this.#run();
  }

  /** Stops the stream. Resolves to the text that is finished. */
  async finish(): Promise<string> {
    this.#isOn = false;
    await this.#running;
    await this.#writer!.finish();
    return this.#text;
  }

  // Not by timers: those of a page in the background sleep.
  async #run(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    port1.start();
    while (this.#isOn) {
      this.#text += `${this.#next++} `;
      this.#writer!.update([{ type: "text", text: this.#text }]);
      await new Promise((resolve) => {
        port1.addEventListener("message", resolve, { once: true });
        port2.postMessage(null);
      });
    }
  }
}

/** How far a streamed message has come: how many numbers of it have been written. */
export function progressOf({ status, content: [block] }: StoredMessage): { status: string; numbers: number } {
  const text = block?.type === "text" ? block.text : "";
  const numbers = text.split(" ").length - 1;
  if (text !== Array.from({ length: numbers }, (_, number) => `${number} `).join(""))
    throw new Error(`This was never streamed: ${text.slice(0, 200)}`);
  return { status, numbers };
}
