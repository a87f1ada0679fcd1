import { gunzipSync, gzipSync } from "fflate";
import type { Hit, ListedSession } from "./driver.js";
import { join, split, splitLast } from "./records.js";
import { answerCalls } from "./worker-calls.js";

// DOM's types do not know the worker's files.
declare global {
  interface FileSystemFileHandle {
    createSyncAccessHandle(): Promise<OpenFile>;
  }
  interface Uint8Array {
    toBase64?(): string;
  }
  interface Uint8ArrayConstructor {
    fromBase64?(text: string): Uint8Array<ArrayBuffer>;
  }
}

interface OpenFile {
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface Loaded {
  readonly listed: ListedSession;
  readonly json: readonly string[];
}

/** Where a session's log lies. One that is loaded lies with others in one file until it is appended to. */
interface Place {
  readonly file: OpenFile;
  readonly at: number;
  length: number;
}

const COMPRESSED_FROM = 512;
/** How much of a log's end is read first. */
const GUESS_BYTES = 128 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const places = new Map<string, Place>();
let options = { flush: false, envelope: false };
let shared: OpenFile;
let list: OpenFile;
let index: OpenFile;

async function openFile(name: string): Promise<OpenFile> {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle(name, { create: true });
  return handle.createSyncAccessHandle();
}

async function place(session: string): Promise<Place> {
  let found = places.get(session);
  if (!found || found.file === shared) {
    const file = await openFile(`${session}.log`);
    const copied = found && read(found);
    if (copied && file.getSize() === 0) file.write(copied, { at: 0 });
    places.set(session, (found = { file, at: 0, length: file.getSize() }));
  }
  return found;
}

function read({ file, at, length }: Place, from = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length - from);
  file.read(bytes, { at: at + from });
  return bytes;
}

function replace(file: OpenFile, value: unknown): void {
  file.truncate(0);
  file.write(encoder.encode(JSON.stringify(value)), { at: 0 });
  file.flush();
}

function seal(json: string): Uint8Array {
  const bytes = encoder.encode(json);
  if (!options.envelope) return bytes;
  if (bytes.length < COMPRESSED_FROM) return encoder.encode(`plain:${json}`);
  const zipped = gzipSync(bytes, { level: 6 });
  return encoder.encode(`gzip:${zipped.toBase64?.() ?? btoa(String.fromCharCode(...zipped))}`);
}

function unseal(record: Uint8Array): Uint8Array {
  if (!options.envelope) return record;
  const text = decoder.decode(record);
  if (text.startsWith("plain:")) return record.subarray("plain:".length);
  const base64 = text.slice("gzip:".length);
  return gunzipSync(
    Uint8Array.fromBase64?.(base64) ?? Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
  );
}

function unsealAll(log: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return options.envelope ? join(split(log).map(unseal)).buffer : log.buffer;
}

answerCalls({
  async open(given: typeof options) {
    options = given;
    [shared, list, index] = await Promise.all([openFile("loaded"), openFile("list"), openFile("index")]);
    const size = index.getSize();
    const loaded = size > 0 ? decoder.decode(read({ file: index, at: 0, length: size })) : "[]";
    for (const [session, at, length] of JSON.parse(loaded) as [string, number, number][])
      places.set(session, { file: shared, at, length });
    // What was appended to has a file of its own by now.
    const root = await navigator.storage.getDirectory();
    for await (const name of root.keys()) places.delete(name.replace(/\.log$/, ""));
  },
  // Where the file is open already, nothing is waited for.
  append(session: string, json: string) {
    const found = places.get(session);
    const record = join([seal(json)]);
    if (found && found.file !== shared) write(found, record);
    else return place(session).then((opened) => write(opened, record));
    return undefined;
  },
  load(sessions: readonly Loaded[]) {
    const listed: ListedSession[] = list.getSize()
      ? JSON.parse(decoder.decode(read({ file: list, at: 0, length: list.getSize() })))
      : [];
    for (const { listed: entry, json } of sessions) {
      const log = join(json.map(seal));
      const at = shared.getSize();
      shared.write(log, { at });
      places.set(entry.id, { file: shared, at, length: log.length });
      listed.push(entry);
    }
    shared.flush();
    replace(
      list,
      listed.sort((one, other) => other.createdAt - one.createdAt),
    );
    replace(
      index,
      [...places].map(([session, { at, length }]) => [session, at, length]),
    );
  },
  async history(session: string) {
    return unsealAll(read(places.get(session) ?? (await place(session))));
  },
  async last(session: string, count: number) {
    const found = places.get(session) ?? (await place(session));
    for (let guess = GUESS_BYTES; ; guess *= 2) {
      const bytes = read(found, Math.max(0, found.length - guess));
      const { records, from } = splitLast(bytes, count);
      if (records.length === count || guess >= found.length) return unsealAll(bytes.slice(from));
    }
  },
  sessions: () => read({ file: list, at: 0, length: list.getSize() }).buffer,
  async fork(source: string, target: string) {
    const bytes = read(places.get(source) ?? (await place(source)));
    write(await place(target), bytes);
  },
  search(word: string) {
    const hits: Hit[] = [];
    for (const [session, found] of places) {
      for (const [position, record] of split(read(found)).entries())
        if (decoder.decode(unseal(record)).includes(word)) hits.push({ session, position });
    }
    return hits;
  },
  close() {
    const files = new Set([shared, list, index, ...[...places.values()].map(({ file }) => file)]);
    for (const file of files) {
      file.flush();
      file.close();
    }
  },
});

function write(target: Place, bytes: Uint8Array): void {
  target.file.write(bytes, { at: target.at + target.length });
  target.length += bytes.length;
  if (options.flush) target.file.flush();
}
