import type { Message } from "../../../src/index.js";
import { createdAt, type Session, sessionName } from "./messages.js";
import { Random } from "./random.js";
import { word } from "./words.js";

/** Stands in the first message of each of the first twenty sessions. */
export const SOUGHT = "zephyrine";
const SOUGHT_SESSIONS = 20;
/** The last session has as many at least. */
const READ_MESSAGES = 50;
const MESSAGES_PER_SESSION = [10, 100] as const;
const WORDS = 25;

/** Sessions of short messages, as many as there are to be in all: a million long ones would fill the disk. */
export function* shortSessions(messages: number): Generator<Session> {
  const sessions = sessionsOf(messages);
  const lastLength = Math.max(READ_MESSAGES, messages / sessions);
  const length = Math.floor((messages - lastLength) / (sessions - 1));
  for (let number = 0; number < sessions; number++) {
    const id = sessionName(number);
    const count = number < sessions - 1 ? length : lastLength;
    const list = Array.from({ length: count }, (_, position) => makeShortMessage(id, position, number));
    yield { id, createdAt: createdAt(number), messages: list };
  }
}

/** 100 sessions for 1,000 messages, 10,000 for a million. */
export function sessionsOf(messages: number): number {
  const [few, many] = MESSAGES_PER_SESSION;
  return Math.max(1000 / few, messages / many);
}

export function makeShortMessage(session: string, position: number, number = Infinity): Message {
  const random = new Random(`short/${session}/${position}`);
  const text = Array.from({ length: WORDS }, () => word(random)).join(" ");
  const isSought = position === 0 && number < SOUGHT_SESSIONS;
  const role = position % 2 === 0 ? "user" : "assistant";
  return { role, content: [{ type: "text", text: isSought ? `${text} ${SOUGHT}` : text }] };
}
