/** Numbers that are the same for the same key, in every browser and in Node. */
export class Random {
  #state: number;

  constructor(key: string) {
    // FNV-1a.
    let state = 0x811c9dc5;
    for (let at = 0; at < key.length; at++) state = Math.imul(state ^ key.charCodeAt(at), 0x01000193);
    this.#state = state >>> 0 || 1;
  }

  /** From 0 up to, and without, 1. */
  next(): number {
    // xorshift32, its low bits mixed: they alone would repeat too soon.
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (Math.imul(this.#state, 0x9e3779b1) >>> 0) / 2 ** 32;
  }

  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** Log-normal: most values near the median, a few far above it. */
  around(median: number, spread: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * this.next()));
  }
}
