import type { Message } from "../../../src/index.js";
import type { Driver } from "../drivers/driver.js";
import { LONG, type Scale } from "../workloads/workload.js";
import { checkMessages } from "./answers.js";
import { watched } from "./probe.js";
import { quantile, rest, timed } from "./timing.js";

const LARGE_BYTES = 5 * 1024 * 1024;
const REPEATS = 3;

/** Milliseconds that the main thread was blocked at most, or was late in all. */
export interface Blocks {
  readonly [name: string]: number;
}

/** Watches the page while it reads a long history, and writes and reads one message with a large image. */
export async function blocksOf(driver: Driver, { long }: Scale): Promise<Blocks> {
  const large = largeMessage();
  await rest(300);
  const [atRest] = await watched(() => rest(500));
  const [reading, history] = await watched(() => driver.history(LONG));
  checkMessages(history, LONG, 0, long);
  await rest(300);
  const [writing] = await watched(() => driver.append("large", large));
  await rest(300);
  const [readingLarge, [read]] = await watched(() => driver.history("large"));
  checkLarge(read, large);
  // At the end: a machine may make up for so much work by doing less after it.
  const [beside] = await watched(() => besideBusyThreads(() => rest(500)));
  return {
    "at rest longest": atRest.longest,
    "at rest, all cores busy, longest": beside.longest,
    "history of 20,000 longest": reading.longest,
    "history of 20,000 late": reading.late,
    "history of 20,000 long tasks": reading.longTasks,
    "large block, write, longest": writing.longest,
    "large block, read, longest": readingLarge.longest,
    "one structured clone of it": await cloneTime(large),
  };
}

/** What the machine makes of a page that does nothing, while other threads have as much to do as it has cores. */
async function besideBusyThreads(work: () => Promise<void>): Promise<void> {
  const busy = URL.createObjectURL(new Blob(["for (;;) Math.random();"], { type: "text/javascript" }));
  const threads = Array.from({ length: navigator.hardwareConcurrency }, () => new Worker(busy));
  await work();
  for (const thread of threads) thread.terminate();
  URL.revokeObjectURL(busy);
}

function largeMessage(): Message {
  const data = new Uint8Array(LARGE_BYTES);
  for (let at = 0; at < LARGE_BYTES; at += 65536) crypto.getRandomValues(data.subarray(at, at + 65536));
  return { role: "user", content: [{ type: "image", media_type: "image/png", data }] };
}

function checkLarge(read: Message | undefined, { content: [written] }: Message): void {
  const [found] = read?.content ?? [];
  const isSame =
    found?.type === "image" &&
    written?.type === "image" &&
    found.data.length === written.data.length &&
    found.data.every((byte, at) => byte === written.data[at]);
  if (!isSame) throw new Error("Wrong answer: the large message is another.");
}

async function cloneTime(message: Message): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < REPEATS; count++) {
    const [time] = await timed(async () => structuredClone(message));
    times.push(time);
  }
  return quantile(times, 0.5);
}
