import { rest } from "./timing.js";

const STEP = 5;
/** Lateness up to here may be the browser's own. */
const TOLERATED = 10;

/** What the main thread could not do meanwhile. */
export interface Blocked {
  /** The most that a timer was late. */
  readonly longest: number;
  /** The sum of what timers were late by more than 10 ms. */
  readonly late: number;
  /** The sum of the tasks that the browser calls long: over 50 ms. Firefox does not tell. */
  readonly longTasks: number;
}

/** Watches the main thread during the work. */
export async function watched<Value>(work: () => Promise<Value>): Promise<[Blocked, Value]> {
  const longTasks = watchLongTasks();
  let [last, longest, late] = [performance.now(), 0, 0];
  const step = () => {
    const now = performance.now();
    const lateness = now - last - STEP;
    longest = Math.max(longest, lateness);
    if (lateness > TOLERATED) late += lateness;
    last = now;
  };
  const timer = setInterval(step, STEP);
  try {
    const value = await work();
    step();
    clearInterval(timer);
    return [{ longest, late, longTasks: await longTasks() }, value];
  } finally {
    clearInterval(timer);
  }
}

function watchLongTasks(): () => Promise<number> {
  let sum = 0;
  const add = (entries: PerformanceEntryList) => {
    for (const { duration } of entries) sum += duration;
  };
  if (!PerformanceObserver.supportedEntryTypes.includes("longtask")) return async () => 0;
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ type: "longtask" });
  return async () => {
    // They are told of a moment later.
    await rest(50);
    add(observer.takeRecords());
    observer.disconnect();
    return sum;
  };
}
