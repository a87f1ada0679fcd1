import type { Fault, FaultReport } from "./faults.js";

/** Starts workers in which the test can bring about faults, and speaks to the one that was started last. */
export class FaultyWorkers {
  /** How many were started. */
  count = 0;
  #worker: Worker | undefined;
  #channel: BroadcastChannel | undefined;

  readonly start = (): Worker => {
    const name = crypto.randomUUID();
    this.count++;
    this.#channel?.close();
    this.#channel = new BroadcastChannel(name);
    this.#worker = new Worker(new URL("./faulty-worker.ts", import.meta.url), { type: "module", name });
    return this.#worker;
  };

  /** Resolves once the worker has answered. One that is to end never does. */
  ask(fault: Fault): Promise<FaultReport> {
    const channel = this.#channel!;
    return new Promise((resolve) => {
      const listening = new AbortController();
      const onMessage = ({ data }: MessageEvent<{ readonly report?: FaultReport }>) => {
        if (!data.report) return;
        listening.abort();
        resolve(data.report);
      };
      channel.addEventListener("message", onMessage, { signal: listening.signal });
      channel.postMessage({ fault });
    });
  }

  /** Asks the worker to end itself, of which nobody is told. */
  end(): void {
    const fault: Fault = { type: "end" };
    this.#channel!.postMessage({ fault });
  }

  /** Ends the worker from outside. */
  terminate(): void {
    this.#worker!.terminate();
  }
}
