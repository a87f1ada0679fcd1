import { afterEach, expect, test, vi } from "vitest";
import { type Announcement, announcementChannel } from "../../worker/channels.js";
import { Announcer } from "../../worker/owner/announcer.js";
import { Recent } from "../../worker/recent.js";
import type { SessionKey } from "../../src/operations.js";
import { Decoded, type ReadMessage } from "../../worker/answers/decoded.js";
import { Predecessor } from "../../worker/tab/predecessor.js";

// What would otherwise grow, or wait, without end.

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("of values that are made when they are asked for, those go that were not used for longest", () => {
  const made: string[] = [];
  const dropped: string[] = [];
  const recent = new Recent(
    2,
    (name) => {
      made.push(name);
      return name;
    },
    (name) => dropped.push(name),
  );
  for (const name of ["a", "b", "a", "c", "a", "b"]) recent.get(name);
  expect(made).toEqual(["a", "b", "c", "b"]);
  expect(dropped).toEqual(["b", "c"]);
  recent.clear();
  expect(dropped).toEqual(["b", "c", "a", "b"]);
});

function read(decoded: Decoded, session: SessionKey, messages: readonly ReadMessage[]): void {
  const reading = decoded.gather(session);
  for (const message of messages) reading.add(message);
  reading.keep();
}

test("of what was read of a thousand sessions more, the first is read again", () => {
  const decoded = new Decoded();
  const session = (number: number) => ({ dbName: "axio_context", project: "p", sessionId: String(number) });
  for (let number = 0; number <= 1000; number++)
    read(decoded, session(number), [{ id: number + 1, status: null, content: { json: "[]", texts: "" } }]);
  expect(decoded.knownOf(session(0))).toBeUndefined();
  expect(decoded.knownOf(session(1))).toMatchObject({ first: 2, last: 2 });
  expect(decoded.knownOf(session(1000))).toMatchObject({ first: 1001, last: 1001 });
});

test("of a history that is too long to be kept nothing is, also while it is read", () => {
  const decoded = new Decoded();
  const session = { dbName: "axio_context", project: "p", sessionId: "s" };
  const content = { json: "", texts: "x".repeat(200_000) };
  const long = Array.from({ length: 50 }, (_, place) => ({ id: place + 1, status: null, content }));
  read(decoded, session, long.slice(0, 30));
  expect(decoded.knownOf(session)).toMatchObject({ first: 1, last: 30 });
  const another = { ...session, sessionId: "t" };
  read(decoded, another, long);
  expect(decoded.knownOf(another)).toBeUndefined();
});

test("commits that have waited long enough are announced by the next call, however late timers are", async () => {
  const path = crypto.randomUUID();
  const heard: Announcement[] = [];
  const channel = announcementChannel(path);
  const all = new Promise<void>((resolve) => {
    channel.addEventListener("message", ({ data }: MessageEvent<Announcement>) => {
      if (heard.push(data) === 3) resolve();
    });
  });
  vi.useFakeTimers();
  const announcer = new Announcer({ protocol: 1, databaseId: "d", epoch: 1, owner: "o" });
  announcer.open(path);
  announcer.commit("page", []);
  announcer.flushDue();
  announcer.commit("page", []);
  vi.spyOn(performance, "now").mockReturnValue(performance.now() + 20);
  announcer.flushDue();
  announcer.say("cleared");
  await all;
  expect(heard.map((said) => (said.type === "commits" ? said.commits.length : said.type))).toEqual([
    "owner",
    2,
    "cleared",
  ]);
  announcer.close();
  channel.close();
});

test("whoever takes over waits for an owner whose files are gone to end, and for no other", async () => {
  vi.useFakeTimers();
  const predecessor = new Predecessor();
  const isGone = async (after: number) => {
    let gone = false;
    void predecessor.gone().then(() => (gone = true));
    await vi.advanceTimersByTimeAsync(after);
    return gone;
  };
  expect(await isGone(0)).toBe(true);
  predecessor.asked();
  expect(await isGone(10)).toBe(false);
  expect(await isGone(10)).toBe(true);
  predecessor.looks();
  expect(await isGone(4000)).toBe(false);
  predecessor.stays();
  expect(await isGone(5000)).toBe(true);
  predecessor.looks();
  predecessor.ends();
  // What it says then is no sign of life.
  predecessor.looks();
  expect(await isGone(250)).toBe(false);
  expect(await isGone(100)).toBe(true);
});
