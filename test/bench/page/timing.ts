/** How long it takes, in milliseconds, and what comes of it. */
export async function timed<Value>(work: () => Promise<Value>): Promise<[milliseconds: number, value: Value]> {
  const begin = performance.now();
  const value = await work();
  return [performance.now() - begin, value];
}

/** The first time, and the median of the others. */
export async function coldAndWarm<Value>(work: () => Promise<Value>, repeats: number) {
  await rest(200);
  const [cold, value] = await timed(work);
  const others: number[] = [];
  for (let count = 0; count < repeats; count++) {
    await rest(10);
    const [time] = await timed(work);
    others.push(time);
  }
  return { cold, warm: quantile(others, 0.5), value };
}

/** What was begun before must not be measured: a garbage collection, a checkpoint. */
export function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at % 1);
}
