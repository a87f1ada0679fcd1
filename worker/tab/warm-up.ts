import { seal, unseal } from "../envelopes/envelope.js";
import type { Steps } from "../slices.js";

/** As often as it takes until the engine has optimized it. */
const ROUNDS = 10;

/** Between two steps, in milliseconds: before the first call, and after it. */
const PAUSE = { atRest: 4, inUse: 50 };

/**
 * Does what the first calls would have to wait for before they come, in steps. An owner's `firstReads` are made while the
 * page hears that the database is open, and no further than to the first call, which may do the same. And the engine
 * compiles what makes and reads envelopes.
 */
export async function warmUp(firstReads: Steps<void> | undefined, isInUse: () => boolean): Promise<void> {
  const pause = () => wait(isInUse() ? PAUSE.inUse : PAUSE.atRest);
  await wait(0);
  while (!isInUse() && firstReads?.next().done === false) await pause();
  const text = "The quick brown fox jumps over the lazy dog.";
  const json = JSON.stringify(Array.from({ length: 15 }, (_, id) => ({ id, text })));
  for (let round = 0; round < ROUNDS; round++) {
    await pause();
    unseal(seal(json));
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
