import { useCallback, useEffect, useRef, useState } from "react";
import type { ContextTokens, Message, SQLiteContextStore, StoredMessage } from "../src/index.js";
import { isFromUser } from "./memory.js";
import { useNotices } from "./notice.js";
import { reply as replyTo } from "./responder.js";
import { stream } from "./stream.js";
import { estimateTokens } from "./tokens.js";
import { writingLock } from "./use-is-written.js";
import { useOnChange } from "./use-on-change.js";

/** So many messages are shown at first, and more at a time. */
const PAGE = 100;

/** So many before the one that is to be seen. */
const BEFORE = 10;

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
  readonly answer: () => void;
}

/** The chat in a store. `onChange`: something was stored. `position`: of a message that is to be among those shown. */
export function useChat(store: SQLiteContextStore, onChange: () => void, position: number | undefined): Chat {
  const [messages, setMessages] = useState<readonly StoredMessage[]>();
  /** The first position that is shown, where it is not the last page alone. */
  const [from, setFrom] = useState<number>();
  const [tokens, setTokens] = useState<ContextTokens>({ inputTokens: 0, outputTokens: 0 });
  const [draft, setDraft] = useState<readonly Message[]>();
  const hurry = useHurry();
  const { attempt } = useNotices();
  const isBusy = useRef(false);
  const lastRead = useRef(0);

  useEffect(() => {
    if (position === undefined) return;
    const least = Math.max(position - BEFORE, 0);
    setFrom((before = Infinity) => Math.min(before, least));
  }, [position]);

  const read = useCallback(async () => {
    const number = ++lastRead.current;
    const range = from === undefined ? { last: PAGE } : { after: from - 1 };
    const [history, counted] = await Promise.all([store.getMessages(range), store.getContextTokens()]);
    // What was asked for later is shown already.
    if (number !== lastRead.current) return;
    setMessages(history);
    setTokens(counted);
    onChange();
  }, [store, from, onChange]);

  const refresh = useCallback(() => void attempt(read), [attempt, read]);
  const isReplying = draft !== undefined;
  useOnChange(
    useCallback((listener) => (isReplying ? () => {} : store.subscribe(listener)), [store, isReplying]),
    refresh,
  );
  // Also when a reply has ended, however it did: nobody has listened meanwhile.
  useEffect(() => {
    if (!isReplying) refresh();
  }, [refresh, isReplying]);

  async function writeReply(): Promise<void> {
    setDraft([]);
    try {
      await read();
      const history = await store.getHistory();
      const reply = replyTo(history);
      await write(store, history.length, reply, hurry(), setDraft);
      await store.addContextTokens(estimateTokens(history), estimateTokens(reply));
      await read();
    } finally {
      setDraft(undefined);
    }
  }

  /** Has the chat answered once `prepare` has gone well, to which it resolves, and while no other tab does. */
  function replyAfter(prepare: () => Promise<unknown>): Promise<boolean> {
    if (isBusy.current) return Promise.resolve(false);
    isBusy.current = true;
    return new Promise((resolve) => {
      void navigator.locks.request(writingLock(store), async () => {
        const isPrepared = await attempt(prepare);
        resolve(isPrepared);
        if (isPrepared) await attempt(writeReply);
        isBusy.current = false;
      });
    });
  }

  function answer(): void {
    void replyAfter(async () => {
      if (messages?.at(-1)?.status !== "partial") return;
      // With what its tools were asked, and answered: they are asked anew. Unless another tab has changed what comes before.
      const asked = messages.findLast(isFromUser);
      if (asked) await store.truncate(asked.position + 1, { expectId: asked.id });
      else await store.truncate(messages.at(-1)!.position);
    });
  }

  function send(text: string): Promise<boolean> {
    return replyAfter(() => store.append({ role: "user", content: [{ type: "text", text }] }));
  }

  const first = messages?.[0]?.position;
  const showEarlier = first ? () => setFrom(Math.max(first - PAGE, 0)) : undefined;
  return { messages, showEarlier, tokens, draft, send, answer };
}

/** Stores a reply at the end, `position`, while it comes: a tool's call with its result, and the answer word by word. */
async function write(
  store: SQLiteContextStore,
  position: number,
  reply: readonly Message[],
  hurry: AbortSignal,
  show: (sofar: readonly Message[]) => void,
): Promise<void> {
  const calls = reply.slice(0, -1);
  const [answer] = reply.slice(-1);
  for await (const sofar of stream(calls, hurry)) show(sofar);
  // Rejects where the chat is gone, which an append would begin anew.
  if (calls.length > 0) await store.splice(position, 0, calls);
  const writer = await store.beginMessage("assistant");
  for await (const [sofar] of stream([answer!], hurry)) {
    show([...calls, sofar!]);
    writer.update(sofar!.content);
  }
  await writer.finish(answer!.content);
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
