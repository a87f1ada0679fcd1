interface Measurement {
  readonly breakdown: readonly {
    readonly bytes: number;
    readonly attribution: readonly { readonly scope: string }[];
  }[];
}

/** Bytes that the page's worker holds after a garbage collection: objects, strings and buffers, not SQLite's memory. */
export async function workerMemory(): Promise<number> {
  const measure = performance as Performance & { measureUserAgentSpecificMemory(): Promise<Measurement> };
  const { breakdown } = await measure.measureUserAgentSpecificMemory();
  return breakdown
    .filter(({ attribution }) => attribution.some(({ scope }) => scope === "DedicatedWorkerGlobalScope"))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}
