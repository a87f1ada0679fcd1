export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What the work resolves to; nothing when it takes longer, or fails. */
export async function within<Value>(milliseconds: number, work: Promise<Value>): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  return Promise.race([work.catch(() => undefined), late]).finally(() => clearTimeout(timer));
}

/** As {@link within}, but rejects, naming what has hung or why it failed. */
export async function mustWithin<Value>(milliseconds: number, what: string, work: Promise<Value>): Promise<Value> {
  let failure: unknown = `nothing came of it within ${milliseconds} ms`;
  const noted = work.then(
    (value) => ({ value }),
    (error: unknown) => {
      failure = error;
      return undefined;
    },
  );
  const result = await within(milliseconds, noted);
  if (!result) throw new Error(`${what}: ${String(failure)}`);
  return result.value;
}
