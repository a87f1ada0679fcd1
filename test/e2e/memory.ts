import { readFile } from "node:fs/promises";
import { processesOf } from "./processes.js";

/** How much more memory each process of a browser has had than at the beginning. Needs Linux's /proc. */
export class MemoryWatch {
  readonly #folder: string;
  readonly #first = new Map<number, number>();
  readonly #most = new Map<number, number>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#timer = setInterval(() => void this.#look(), 100);
  }

  /** The greatest growth of any one process so far, in MiB. What runs by now is where they begin. */
  async start(): Promise<void> {
    this.#first.clear();
    this.#most.clear();
    await this.#look();
  }

  stop(): number[] {
    clearInterval(this.#timer);
    return [...this.#most].map(([id, most]) => Math.round((most - this.#first.get(id)!) / 1024)).sort((a, b) => b - a);
  }

  async #look(): Promise<void> {
    for (const id of await processesOf(this.#folder)) {
      const kibibytes = await residentOf(id);
      if (kibibytes === undefined) continue;
      if (!this.#first.has(id)) this.#first.set(id, kibibytes);
      this.#most.set(id, Math.max(this.#most.get(id) ?? 0, kibibytes));
    }
  }
}

async function residentOf(id: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${id}/status`, "latin1").catch(() => "");
  const found = /^VmRSS:\s+(\d+) kB/m.exec(status);
  return found ? Number(found[1]) : undefined;
}
