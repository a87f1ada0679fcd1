import { seal, unseal } from "../envelopes/envelope.js";
import type { Owner } from "../owner/owner.js";
import type { Unsealer } from "./unsealer.js";

/** As often as it takes until the engine has optimized it. */
const ROUNDS = 10;

/** Between two steps, in milliseconds: before the first call, and after it. */
const PAUSE = { atRest: 4, inUse: 50 };

/**
 * Does what the first calls would have to wait for before they come, in steps. What a chat most likely shows first is read
 * by an owner while the page hears that the database is open, and no further than to the first call, which may do the
 * same. And the engine compiles what makes and reads envelopes.
 */
export async function warmUp(owner: Owner | undefined, unsealer: Unsealer, isInUse: () => boolean): Promise<void> {
  const pause = () => wait(isInUse() ? PAUSE.inUse : PAUSE.atRest);
  const reads = readsOf(owner, unsealer);
  await wait(0);
  while (!isInUse() && reads.next().done !== true) await pause();
  const text = "The quick brown fox jumps over the lazy dog.";
  const json = JSON.stringify(Array.from({ length: 15 }, (_, id) => ({ id, text })));
  for (let round = 0; round < ROUNDS; round++) {
    await pause();
    unseal(seal(json));
  }
}

function* readsOf(owner: Owner | undefined, unsealer: Unsealer): Generator<void> {
  for (const [request, reply] of owner?.firstReads() ?? []) {
    yield;
    yield void unsealer.unseal(request, reply);
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
