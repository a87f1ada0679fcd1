import type { Message } from "../../../src/index.js";
import { createdAt, hasRareWord, makeMessage, previewOf, sessionName } from "../data/messages.js";
import type { Hit, ListedSession } from "../drivers/driver.js";
import type { Scale } from "../workloads/workload.js";

/** Throws unless these are the session's messages from a position on. */
export function checkMessages(found: readonly Message[], session: string, from: number, count: number): void {
  if (found.length !== count) throw new Error(`Wrong answer: ${found.length} messages instead of ${count}.`);
  for (const [index, { role, content }] of found.entries()) {
    if (!isEqual({ role, content }, makeMessage(session, from + index)))
      throw new Error(`Wrong answer: message ${from + index} of ${session} is another.`);
  }
}

/** Throws unless the loaded sessions are in the list, newest first; others may be too. */
export function checkSessions(list: readonly ListedSession[], { sessions, perSession }: Scale): void {
  const found = list.filter(({ id }) => id.startsWith(sessionName("")));
  if (found.length !== sessions) throw new Error(`Wrong answer: ${found.length} sessions instead of ${sessions}.`);
  for (const [index, { id, count, preview, createdAt: time }] of found.entries()) {
    const number = sessions - 1 - index;
    const session = sessionName(number);
    const expected = { id: session, count: perSession, preview: previewOf(makeMessage(session, 0)) };
    if (!isEqual({ id, count, preview }, expected) || time !== createdAt(number))
      throw new Error(`Wrong answer: session ${index} of the list is ${JSON.stringify(found[index])}.`);
  }
}

/** Throws unless these are all messages with the rare word. */
export function checkHits(found: readonly Hit[], { sessions, perSession }: Scale): void {
  const places = new Set(found.map(({ session, position }) => `${session}/${position}`));
  let expected = 0;
  for (let number = 0; number < sessions; number++) {
    for (let position = 0; position < perSession; position++) {
      const session = sessionName(number);
      if (!hasRareWord(session, position)) continue;
      expected++;
      if (!places.has(`${session}/${position}`)) throw new Error(`Wrong answer: ${session}/${position} is missing.`);
    }
  }
  if (found.length !== expected) throw new Error(`Wrong answer: ${found.length} hits instead of ${expected}.`);
}

function isEqual(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return one === other;
  const [keys, otherKeys] = [Object.keys(one), Object.keys(other)];
  return (
    keys.length === otherKeys.length &&
    keys.every((key) => isEqual(one[key as keyof typeof one], other[key as keyof typeof other]))
  );
}
