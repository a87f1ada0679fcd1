/**
 * Resolves once the client's worker is gone: as long as it lives, it holds a lock that is named after it. Rejects when
 * `signal` fires.
 */
export async function clientDeath(client: string, signal: AbortSignal): Promise<void> {
  const { held = [] } = await navigator.locks.query();
  const lock = held.find(({ name = "" }) => name.includes(`:alive:${client}:`));
  if (lock?.name !== undefined) await navigator.locks.request(lock.name, { signal }, () => {});
}
