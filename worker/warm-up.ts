import type { Unsealer } from "./codec.js";
import { seal, unseal } from "./envelope.js";
import type { Owner } from "./owner.js";

/** As often as it takes until the engine has optimized it. */
const ROUNDS = 10;
const PAUSE_MS = 4;

/**
 * Does what the first calls would have to wait for before they come: in steps, and no further than to the first of them,
 * which does the same. The engine compiles what makes and reads envelopes; an owner's statements are prepared, and what a
 * chat most likely shows first is read.
 */
export async function warmUp(owner: Owner | undefined, unsealer: Unsealer, isInUse: () => boolean): Promise<void> {
  const steps = stepsOf(owner, unsealer);
  do {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    if (isInUse()) return;
  } while (steps.next().done !== true);
}

function* stepsOf(owner: Owner | undefined, unsealer: Unsealer): Generator<void> {
  for (const [request, reply] of owner?.firstReads() ?? []) yield void unsealer.unseal(request, reply);
  const block = { type: "text", text: "The quick brown fox jumps over the lazy dog." };
  const json = JSON.stringify(Array.from({ length: 15 }, (_, id) => ({ id, ...block })));
  for (let round = 0; round < ROUNDS; round++) yield void unseal(seal(json));
}
