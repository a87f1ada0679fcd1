/** Steps of something long. Between two of them other calls may be carried out. */
export type Steps<Result> = Generator<void, Result, void>;

/** How long steps may hold the database before others get their turn, in milliseconds. */
const SLICE_MS = 12;

/** All steps at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Takes steps for one slice, of so many milliseconds. Gives the result once there are no more. */
export function takeSlice<Result>(
  steps: Steps<Result>,
  milliseconds: number = SLICE_MS,
): { readonly result: Result } | undefined {
  const end = performance.now() + milliseconds;
  do {
    const step = steps.next();
    if (step.done === true) return { result: step.value };
  } while (performance.now() < end);
  return undefined;
}

/** Lets everything that waits for this worker have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** All steps, slice by slice. */
export async function inSlices<Result>(steps: Steps<Result>): Promise<Result> {
  for (;;) {
    const done = takeSlice(steps);
    if (done) return done.result;
    await nextTurn();
  }
}
