// A worker that dies says nothing: no event in any browser. But it holds a lock as long as it lives.

/** How often a worker whose lock cannot be seen is asked whether it lives, and how long it may take to answer. */
const ASK_MS = 1000;
const ANSWER_MS = 5000;

/** Resolves when the worker that holds the lock `alive` is dead, or when `signal` fires. `ask`: for a sign of life. */
export async function untilDeath(alive: string, ask: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (await isHeld(alive)) {
    await navigator.locks.request(alive, { signal }, () => {}).catch(() => {});
    return;
  }
  // After the site's data was cleared, Chromium has other locks for a page that was there before (seen in 156).
  const answers = () => ask().then(() => true);
  while (!signal.aborted && (await Promise.race([answers(), pause(ANSWER_MS)]))) await pause(ASK_MS);
}

/** Resolves when a worker has not taken its lock in time, or has lost it again. */
export async function untilEarlyDeath(alive: string, patience: number, signal: AbortSignal): Promise<undefined> {
  let end = performance.now() + patience;
  while (!signal.aborted) {
    if (await isHeld(alive)) end = 0;
    else if (performance.now() > end) return;
    await pause(50);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function isHeld(name: string): Promise<boolean> {
  // Firefox lets nobody look at the locks in a frame of another site, where they can be taken (seen in 153).
  const { held = [] } = await navigator.locks.query().catch((): LockManagerSnapshot => ({}));
  return held.some((lock) => lock.name === name);
}
