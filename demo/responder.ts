import type { Message } from "../src/index.js";
import { calculate, findExpression, showNumber } from "./calculator.js";
import { type Memory, remember } from "./memory.js";
import { pick, rarestWord, REMARKS } from "./remarks.js";

// The other side of the chat: a few rules in the place of a model, so that the demo needs no network and no key. The
// same history always gets the same reply (but for the clock).

/** One thing the responder knows how to answer. `undefined`: this is not for me. */
type Rule = (memory: Memory) => readonly Message[] | undefined;

const RULES: readonly Rule[] = [tellTime, doArithmetic, meet, recallName, recallFirst, count, explain];

/** What comes after this history: one message or, where a tool is called, the call, its result and the answer. */
export function reply(history: readonly Message[]): readonly Message[] {
  const memory = remember(history);
  for (const rule of RULES) {
    const messages = rule(memory);
    if (messages) return messages;
  }
  return chat(memory);
}

function tellTime({ text, turn }: Memory) {
  if (!/\b(what|which|tell).*\b(time|date|day)\b|\btime is it\b|\btoday\b/i.test(text)) return undefined;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const shown = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "short", timeZone }).format();
  return callTool({
    id: `clock_${turn}`,
    name: "clock",
    input: { timeZone },
    run: () => shown,
    before: "Let me look at the clock.",
    after: (result) =>
      `It is ${result}. I had to look: time does not pass for me between your messages. Yours come with the hour and minute, though; they are in the file.`,
  });
}

function doArithmetic({ text, turn }: Memory) {
  const expression = findExpression(text);
  if (expression === undefined) return undefined;
  return callTool({
    id: `calculator_${turn}`,
    name: "calculator",
    input: { expression },
    run: () => showNumber(calculate(expression)),
    before: "I could guess, but there is a calculator right here.",
    after: (result) =>
      `${expression} is ${result}. The call and its result are kept in one transaction, so that neither is ever found without the other.`,
  });
}

function meet({ text }: Memory) {
  const name = nameIn(text);
  if (name === undefined) return undefined;
  return [
    assistant(
      `Pleased to meet you, ${name}. I have it in writing now. Reload this page, or close the browser altogether, then ask me for your name.`,
    ),
  ];
}

function recallName({ text, said }: Memory) {
  if (!/\b(my name|who am i)\b/i.test(text)) return undefined;
  const name = said.toReversed().map(nameIn).find(Boolean);
  if (name === undefined) return [assistant('You have not told me in this chat. Say "my name is ..." and I will.')];
  return [assistant(`${name}. You told me so yourself, and I never forget what is written down.`)];
}

function nameIn(text: string): string | undefined {
  return /\b(?:my name is|call me)\s+(\p{L}[\p{L}'-]*)/iu.exec(text)?.[1];
}

function recallFirst({ text, said }: Memory) {
  if (!/\b(remember|forgot|forget|first thing|did i (say|ask|write))\b/i.test(text)) return undefined;
  const first = said[0]!;
  if (said.length === 1)
    return [assistant("This is the first thing you have said here. I will remember it, word for word.")];
  return [
    assistant(
      `You began with “${first}”. That was ${said.length - 1} messages of yours ago, and I have every one since.`,
    ),
  ];
}

function count({ text, said, turn }: Memory) {
  if (!/\bhow many\b.*\b(messages?|words?)\b|\bhow long\b.*\b(chat|conversation)\b/i.test(text)) return undefined;
  const words = said.join(" ").split(/\s+/).length;
  return [
    assistant(
      `${turn} messages so far, this answer not counted. You have written ${showNumber(words)} ${words === 1 ? "word" : "words"} of them.`,
    ),
  ];
}

function explain({ text }: Memory) {
  if (!/\b(who|what) are you\b|\bhow (do|does) (you|this|it) work\b|\bare you (real|human|a bot|an ai)\b/i.test(text))
    return undefined;
  return [
    assistant(
      "I am some two hundred lines of TypeScript with good manners. There is no model behind me and no server: what you write goes into an SQLite file in this browser, and stays there. Export it and open it with Python if you like. I can read the clock, do sums, and remember.",
    ),
  ];
}

function chat({ text, turn }: Memory) {
  const [, remarks] = REMARKS.find(([pattern]) => pattern.test(text))!;
  return [assistant(pick(remarks, `${text}${turn}`).replaceAll("{word}", rarestWord(text)))];
}

interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, string>>;
  readonly run: () => string;
  readonly before: string;
  readonly after: (result: string) => string;
}

/** The three messages that a tool call makes in a history. */
function callTool({ id, name, input, run, before, after }: ToolCall): readonly Message[] {
  const { content, is_error } = attempt(run);
  return [
    {
      role: "assistant",
      content: [
        { type: "text", text: before },
        { type: "tool_use", id, name, input },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: id, content, is_error }] },
    assistant(is_error ? `The ${name} refused: ${content} I sympathise with it.` : after(content)),
  ];
}

function attempt(run: () => string): { readonly content: string; readonly is_error: boolean } {
  try {
    return { content: run(), is_error: false };
  } catch (error) {
    return { content: error instanceof Error ? error.message : String(error), is_error: true };
  }
}

function assistant(text: string): Message {
  return { role: "assistant", content: [{ type: "text", text }] };
}
