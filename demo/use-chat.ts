import { useCallback, useEffect, useRef, useState } from "react";
import type { ContextTokens, Message, SQLiteContextStore, StoredMessage } from "../src/index.js";
import { useNotices } from "./notice.js";
import { reply as replyTo } from "./responder.js";
import { stream } from "./stream.js";
import { estimateTokens } from "./tokens.js";
import { writingLock } from "./use-is-written.js";
import { useOnChange } from "./use-on-change.js";

/** So many messages are shown at first, and more at a time. */
const PAGE = 100;

/** A chat as it is shown. */
export interface Chat {
  /** The end of what is stored. Absent until it has been read. */
  readonly messages: readonly StoredMessage[] | undefined;
  /** Shows what comes before. Absent where nothing does. */
  readonly showEarlier: (() => void) | undefined;
  readonly tokens: ContextTokens;
  /** The reply that is being written, as far as it has come. */
  readonly draft: readonly Message[] | undefined;
  /** Stores what the user says, and has it answered. Resolves to whether it was stored. */
  readonly send: (text: string) => Promise<boolean>;
  /** Has the history answered as it is, in place of a reply that was cut off. */
  readonly answer: () => Promise<void>;
}

/** The chat in a store. `onChange`: something was stored. */
export function useChat(store: SQLiteContextStore, onChange: () => void): Chat {
  const [messages, setMessages] = useState<readonly StoredMessage[]>();
  const [shown, setShown] = useState(PAGE);
  const [tokens, setTokens] = useState<ContextTokens>({ inputTokens: 0, outputTokens: 0 });
  const [draft, setDraft] = useState<readonly Message[]>();
  const hurry = useHurry();
  const { attempt } = useNotices();

  const read = useCallback(async () => {
    const [history, counted] = await Promise.all([store.getMessages({ last: shown }), store.getContextTokens()]);
    setMessages(history);
    setTokens(counted);
    onChange();
  }, [store, shown, onChange]);

  const refresh = useCallback(() => void attempt(read), [attempt, read]);
  useEffect(refresh, [refresh]);
  const isReplying = draft !== undefined;
  useOnChange(
    useCallback((listener) => (isReplying ? () => {} : store.subscribe(listener)), [store, isReplying]),
    refresh,
  );

  async function writeReply(): Promise<void> {
    setDraft([]);
    try {
      const history = await store.getHistory();
      const reply = replyTo(history);
      await write(store, reply, hurry(), setDraft);
      await store.addContextTokens(estimateTokens(history), estimateTokens(reply));
      await read();
    } finally {
      setDraft(undefined);
    }
  }

  async function answer(): Promise<void> {
    await attempt(async () => {
      const cutOff = messages?.at(-1);
      if (cutOff?.status === "partial") {
        // Unless another tab has changed what comes before it.
        await store.truncate(cutOff.position, { expectId: messages?.at(-2)?.id });
        await read();
      }
      await writeReply();
    });
  }

  async function send(text: string): Promise<boolean> {
    const stored = await attempt(async () => {
      await store.append({ role: "user", content: [{ type: "text", text }] });
      await read();
    });
    if (stored) void attempt(writeReply);
    return stored;
  }

  const showEarlier = messages?.[0]?.position ? () => setShown(shown + PAGE) : undefined;
  return { messages, showEarlier, tokens, draft, send, answer };
}

/** Stores a reply while it comes: a tool's call with its result, and the answer word by word. */
async function write(
  store: SQLiteContextStore,
  reply: readonly Message[],
  hurry: AbortSignal,
  show: (sofar: readonly Message[]) => void,
): Promise<void> {
  const calls = reply.slice(0, -1);
  const [answer] = reply.slice(-1);
  for await (const sofar of stream(calls, hurry)) show(sofar);
  await store.appendAll(calls);
  const uid = crypto.randomUUID();
  await navigator.locks.request(writingLock(uid), async () => {
    const writer = await store.beginMessage("assistant", { uid });
    for await (const [sofar] of stream([answer!], hurry)) {
      show([...calls, sofar!]);
      writer.update(sofar!.content);
    }
    await writer.finish(answer!.content);
  });
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
