// A log of records: the bytes of each, then their number in four bytes, so that the log can be read from its end.

const LENGTH_BYTES = 4;

export function join(records: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = records.reduce((sum, record) => sum + record.length + LENGTH_BYTES, 0);
  const log = new Uint8Array(size);
  const view = new DataView(log.buffer);
  let at = 0;
  for (const record of records) {
    log.set(record, at);
    at += record.length;
    view.setUint32(at, record.length);
    at += LENGTH_BYTES;
  }
  return log;
}

export function split(log: Uint8Array): Uint8Array[] {
  const { records } = splitLast(log, Infinity);
  return records;
}

/** The last records that are whole in these bytes. */
export function splitLast(log: Uint8Array, count: number): { readonly records: Uint8Array[]; readonly from: number } {
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  const records: Uint8Array[] = [];
  let from = log.length;
  while (records.length < count && from >= LENGTH_BYTES) {
    const start = from - LENGTH_BYTES - view.getUint32(from - LENGTH_BYTES);
    if (start < 0) break;
    records.push(log.subarray(start, from - LENGTH_BYTES));
    from = start;
  }
  return { records: records.toReversed(), from };
}
