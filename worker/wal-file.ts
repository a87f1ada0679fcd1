export async function* applyWal(a: Blob, b: Blob): AsyncGenerator<Uint8Array> { throw new Error("x" + a + b); yield new Uint8Array(); }
