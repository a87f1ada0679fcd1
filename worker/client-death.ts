/** A page whose worker died has another one by then. */
const RESTART_MS = 1000;

/**
 * Resolves once the client's page is gone, or has no worker: each of its workers holds a lock that is named after it.
 * Rejects when `signal` fires.
 */
export async function clientDeath(client: string, signal: AbortSignal): Promise<void> {
  for (let isSure = false; ;) {
    signal.throwIfAborted();
    const lock = await lockOf(client);
    if (lock === undefined && isSure) return;
    isSure = lock === undefined;
    if (lock === undefined) await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
    else await navigator.locks.request(lock, { signal }, () => {});
  }
}

async function lockOf(client: string): Promise<string | undefined> {
  const { held = [] } = await navigator.locks.query();
  return held.find(({ name = "" }) => name.includes(`:alive:${client}:`))?.name;
}
