import type { ContentBlock, Message } from "../../../src/index.js";
import { Random } from "./random.js";
import { word } from "./words.js";

/** Stands in the text of about one message in 200, and nowhere else. */
export const RARE_WORD = "zephyrine";

/** A session as it is loaded, before anything is measured. */
export interface Session {
  readonly id: string;
  /** Milliseconds since 1970, a whole second. */
  readonly createdAt: number;
  readonly messages: readonly Message[];
}

const BEGIN = Date.UTC(2026, 0, 1);
const LONGEST = 60_000;

/** The messages of a session are always the same. */
export function makeMessage(session: string, position: number): Message {
  const random = new Random(`${session}/${position}`);
  const length = Math.min(LONGEST, random.around(700, 1.2));
  const text = hasRareWord(session, position) ? withRareWord(prose(random, length)) : prose(random, length);
  const content: ContentBlock[] = [{ type: "text", text }];
  if (position % 5 === 4) content.push(...toolCall(random, `call_${position}`));
  return { role: position % 2 === 0 ? "user" : "assistant", content };
}

export function makeMessages(session: string, from: number, count: number): Message[] {
  return Array.from({ length: count }, (_, index) => makeMessage(session, from + index));
}

/** The session of this number; each is a minute younger than the one before it. */
export function makeSession(number: number, count: number): Session {
  const id = sessionName(number);
  return { id, createdAt: createdAt(number), messages: makeMessages(id, 0, count) };
}

export function sessionName(number: number | ""): string {
  return `session-${number}`;
}

export function createdAt(number: number): number {
  return BEGIN + number * 60_000;
}

export function hasRareWord(session: string, position: number): boolean {
  return new Random(`rare/${session}/${position}`).below(200) === 0;
}

/** What a list shows of a session: the beginning of what the user said first. */
export function previewOf(message: Message): string | null {
  const [block] = message.content;
  return message.role === "user" && block?.type === "text" ? block.text.slice(0, 80) : null;
}

function withRareWord(text: string): string {
  const at = text.indexOf(" ", text.length / 2);
  return at < 0 ? `${text} ${RARE_WORD}` : `${text.slice(0, at)} ${RARE_WORD}${text.slice(at)}`;
}

function prose(random: Random, length: number): string {
  let text = "";
  let left = 0;
  while (text.length < length) {
    if (left === 0) {
      left = 5 + random.below(15);
      text += text && (random.below(12) === 0 ? ".\n\n" : ". ");
      const first = word(random);
      text += first[0]!.toUpperCase() + first.slice(1);
    } else text += (random.below(14) === 0 ? ", " : " ") + word(random);
    left--;
  }
  return `${text}.`;
}

function toolCall(random: Random, id: string): ContentBlock[] {
  const input = { path: `src/${word(random)}.ts`, query: prose(random, 40), limit: random.below(100), exact: true };
  const result: ContentBlock = {
    type: "tool_result",
    tool_use_id: id,
    content: [{ type: "text", text: prose(random, 60 + random.below(900)) }],
    is_error: false,
  };
  return [{ type: "tool_use", id, name: "read_file", input }, result];
}
