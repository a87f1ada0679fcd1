import { useCallback, useEffect, useRef, useState } from "react";
import type { ContextTokens, Message, SQLiteContextStore } from "../src/index.js";
import { useNotices } from "./notice.js";
import { reply as replyTo } from "./responder.js";
import { stream } from "./stream.js";
import { estimateTokens } from "./tokens.js";
import { useOnReturn } from "./use-on-return.js";

/** A chat as it is shown. */
export interface Chat {
  /** What is stored. Absent until it has been read. */
  readonly messages: readonly Message[] | undefined;
  readonly tokens: ContextTokens;
  /** The reply that is being written, as far as it has come. */
  readonly draft: readonly Message[] | undefined;
  /** Stores what the user says, and has it answered. Resolves to whether it was stored. */
  readonly send: (text: string) => Promise<boolean>;
  /** Has the history answered as it is. */
  readonly answer: () => Promise<void>;
  readonly clear: () => Promise<void>;
}

/** The chat in a store. `onChange`: something was stored. */
export function useChat(store: SQLiteContextStore, onChange: () => void): Chat {
  const [messages, setMessages] = useState<readonly Message[]>();
  const [tokens, setTokens] = useState<ContextTokens>({ inputTokens: 0, outputTokens: 0 });
  const [draft, setDraft] = useState<readonly Message[]>();
  const hurry = useHurry();
  const { attempt } = useNotices();

  const read = useCallback(async () => {
    const [history, counted] = await Promise.all([store.getHistory(), store.getContextTokens()]);
    setMessages(history);
    setTokens(counted);
    onChange();
  }, [store, onChange]);

  const refresh = useCallback(() => void attempt(read), [attempt, read]);
  useEffect(refresh, [refresh]);
  useOnReturn(refresh);

  async function writeReply(): Promise<void> {
    setDraft([]);
    try {
      const history = await store.getHistory();
      const messagesOfReply = replyTo(history);
      for await (const sofar of stream(messagesOfReply, hurry())) setDraft(sofar);
      await store.appendAll(messagesOfReply);
      await store.addContextTokens(estimateTokens(history), estimateTokens(messagesOfReply));
      await read();
    } finally {
      setDraft(undefined);
    }
  }

  async function answer(): Promise<void> {
    await attempt(writeReply);
  }

  async function send(text: string): Promise<boolean> {
    const stored = await attempt(async () => {
      await store.append({ role: "user", content: [{ type: "text", text }] });
      await read();
    });
    if (stored) void answer();
    return stored;
  }

  async function clear(): Promise<void> {
    await attempt(async () => {
      await store.clear();
      await read();
    });
  }

  return { messages, tokens, draft, send, answer, clear };
}

/** A signal for work that is under way when its component goes: it should come to its end, but at once. */
function useHurry(): () => AbortSignal {
  const controller = useRef<AbortController>(undefined);
  useEffect(() => {
    controller.current = new AbortController();
    return () => controller.current?.abort();
  }, []);
  return () => controller.current!.signal;
}
