import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Unsealer } from "../../worker/answers/unsealer.js";
import type { OwnerRequest } from "../../worker/requests.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import { firstReads } from "../../worker/owner/first-reads.js";
import type { Owner } from "../../worker/owner/owner.js";
import type { Storage } from "../../worker/storage/storage.js";
import { warmUp } from "../../worker/tab/warm-up.js";
import { ownerOf } from "../fixtures/owner.js";

const terms = { full: false, busyTimeout: 5000 };

let seq = 0;
let storage: Storage;
let owner: Owner;
let unsealer: Unsealer;

beforeEach(async () => {
  storage = await openMemoryStorage();
  owner = ownerOf(storage);
  unsealer = new Unsealer();
});

afterEach(() => owner.stop());

function session(sessionId: string) {
  return { dbName: "axio_context", project: "p", sessionId };
}

async function append(sessionId: string, ...contents: string[]): Promise<void> {
  const messages = contents.map((content) => ({ uid: crypto.randomUUID(), role: "user", content }));
  const args = { session: session(sessionId), messages };
  seq++;
  await owner.carryOut({ client: "c", unanswered: [seq], requests: [{ seq, name: "append", args, terms }] }, () => {});
}

/** The ids of the messages whose contents an owner need not send any more. */
function known(sessionId: string): unknown {
  const request: OwnerRequest<"messages"> = {
    seq: 0,
    name: "messages",
    args: { session: session(sessionId), range: {} },
    terms,
  };
  const found = unsealer.withKnown(request).args.known;
  return found && [found.first, found.last];
}

const EMPTY = "plain:[]";

describe("warmUp", () => {
  test("has read the end of the conversation that was written to last", async () => {
    await append("earlier", EMPTY);
    await append("last", EMPTY, EMPTY);
    await warmUp(firstReads(storage.database, unsealer), () => false);
    expect([known("earlier"), known("last")]).toEqual([undefined, [2, 3]]);
  });

  test("reads no more than a chat shows", async () => {
    await append("long", ...Array.from({ length: 80 }, () => EMPTY));
    await warmUp(firstReads(storage.database, unsealer), () => false);
    expect(known("long")).toEqual([31, 80]);
  });

  test("goes no further than to the first call", async () => {
    await append("last", EMPTY);
    let asked = 0;
    // It comes while the first answer is made.
    await warmUp(firstReads(storage.database, unsealer), () => ++asked > 1);
    expect(known("last")).toBeUndefined();
  });

  test("finds nothing in an empty database", async () => {
    await warmUp(firstReads(storage.database, unsealer), () => false);
    expect(known("last")).toBeUndefined();
  });

  test("a message that cannot be read is left to whoever asks for it", async () => {
    await append("last", "gzip:damaged");
    await warmUp(firstReads(storage.database, unsealer), () => false);
    expect(known("last")).toBeUndefined();
  });
});
