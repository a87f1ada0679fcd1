import type { MessageRow } from "../../src/operations.js";
import { decodeBase64 } from "../envelopes/base64.js";
import { GZIP, PLAIN } from "../envelopes/envelope.js";
import type { Rows } from "./row-stream.js";

/** So many contents of one answer. What is behind them makes the engine compile the script. */
const OF_ONE_ANSWER = 64;

/** In characters of what is stored, and in bytes of what is in it. What takes more the script reads. */
const MAX_CHARACTERS = 64 * 1024;
const MAX_BYTES = 1024 * 1024;

/**
 * The first envelopes that a worker reads, by the engine's own gunzip. Before the engine has compiled the script, that
 * takes three times as long; afterwards, half as long.
 */
export class FirstEnvelopes {
  #areOver = typeof DecompressionStream === "undefined";

  /** From now on the script is faster. */
  end(): void {
    this.#areOver = true;
  }

  /** The same rows, of which the first are unpacked, unless that is left to the script. */
  async *unpack(parts: AsyncIterable<Rows>): AsyncGenerator<Rows, void> {
    let left = OF_ONE_ANSWER;
    for await (const rows of parts) {
      const unpacked = [...rows];
      // One after the other: at once they take twice as long.
      for (const [place, row] of rows.slice(0, left).entries()) {
        // What the engine refuses the script may read, or says why it cannot.
        if (!this.#areOver && isSmallGzip(row))
          unpacked[place] = { ...row, content: await toPlain(row.content).catch(() => row.content) };
      }
      left = Math.max(0, left - rows.length);
      yield unpacked;
    }
  }
}

function isSmallGzip(row: MessageRow<unknown>): row is MessageRow<string> {
  const { content } = row;
  return typeof content === "string" && content.startsWith(GZIP) && content.length <= MAX_CHARACTERS;
}

async function toPlain(stored: string): Promise<string> {
  const { writable, readable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  // What fails here fails the reading, too.
  writer.write(new Uint8Array(decodeBase64(stored.slice(GZIP.length)))).catch(() => {});
  writer.close().catch(() => {});
  const reader = readable.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = PLAIN;
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > MAX_BYTES) {
      await reader.cancel();
      throw new Error("it holds too much");
    }
    text += decoder.decode(value, { stream: true });
  }
}
