import type { ContentBlock, Message } from "../src/index.js";

const WORD_PAUSE = 28;
const TOOL_PAUSE = 320;

/**
 * Messages as they would come from a model: word by word, a tool call or result at once. Yields all that has come so
 * far, the last time all there is. Without any pause from when `hurry` fires.
 */
export async function* stream(messages: readonly Message[], hurry: AbortSignal): AsyncGenerator<readonly Message[]> {
  const complete: Message[] = [];
  for (const message of messages) {
    for await (const content of streamContent(message.content, hurry)) yield [...complete, { ...message, content }];
    complete.push(message);
  }
  yield complete;
}

async function* streamContent(content: readonly ContentBlock[], hurry: AbortSignal): AsyncGenerator<ContentBlock[]> {
  const complete: ContentBlock[] = [];
  for (const block of content) {
    if (block.type === "text") {
      for await (const text of streamText(block.text, hurry)) yield [...complete, { type: "text", text }];
    } else await pause(TOOL_PAUSE, hurry);
    complete.push(block);
    yield [...complete];
  }
}

async function* streamText(text: string, hurry: AbortSignal): AsyncGenerator<string> {
  const words = text.split(/(?<=\s)/);
  for (const place of words.keys()) {
    await pause(WORD_PAUSE, hurry);
    yield words.slice(0, place + 1).join("");
  }
}

// A hidden page's timers run once a second: nobody watches, so nobody needs to wait.
function pause(milliseconds: number, hurry: AbortSignal): Promise<void> {
  if (hurry.aborted || document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      hurry.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    hurry.addEventListener("abort", end);
  });
}
