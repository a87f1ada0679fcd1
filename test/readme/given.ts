import type { LanguageModel } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import fromPython from "../fixtures/golden/small.db?url";

/** What the text of README.md takes for granted, by the name that it has there. */
export interface Given {
  /** A model that asks the tool `weather`, and then says what it heard. */
  readonly model: LanguageModel;
  /** A file that the Python package wrote. */
  readonly file: File;
  /** A link in the page. */
  readonly link: HTMLAnchorElement;
}

type Answer = Awaited<ReturnType<MockLanguageModelV4["doGenerate"]>>;

export async function makeGiven(): Promise<Given> {
  const file = await (await fetch(fromPython)).blob();
  return { model: weatherModel(), file: new File([file], "chat.db"), link: document.createElement("a") };
}

function weatherModel(): LanguageModel {
  const call = { type: "tool-call", toolCallId: "call-1", toolName: "weather", input: '{"city":"Oslo"}' } as const;
  return new MockLanguageModelV4({
    doGenerate: async ({ prompt }) =>
      prompt.at(-1)?.role === "tool"
        ? answer({ type: "text", text: "It is 4 °C in Oslo." }, 60, 10)
        : answer(call, 40, 5),
  });
}

function answer(content: Answer["content"][number], input: number, output: number): Answer {
  return {
    content: [content],
    finishReason: { unified: content.type === "text" ? "stop" : "tool-calls", raw: undefined },
    usage: {
      inputTokens: { total: input, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: output, text: undefined, reasoning: undefined },
    },
    warnings: [],
  };
}
