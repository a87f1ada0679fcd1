import { useEffect, useRef, useState } from "react";
import type { Connection, SQLiteContextStore, StoredMessage } from "../src/index.js";
import { ChatHeader } from "./chat-header.js";
import { Composer } from "./composer.js";
import { Greeting } from "./greeting.js";
import { isUnanswered, textOf } from "./memory.js";
import { anchor, MessageList } from "./message-list.js";
import { StatusLine } from "./status-line.js";
import { type Chat, useChat } from "./use-chat.js";
import { useIsWritten } from "./use-is-written.js";
import type { Overview } from "./use-overview.js";

interface ConversationProps {
  /** Of a message that is to be seen. */
  readonly position: number | undefined;
  readonly connection: Connection;
  readonly store: SQLiteContextStore;
  readonly overview: Overview | undefined;
  readonly onChange: () => void;
  readonly onOpenMenu: () => void;
}

/** One chat. */
export function Conversation({ connection, store, position, overview, onChange, onOpenMenu }: ConversationProps) {
  const chat = useChat(store, onChange, position);
  const { messages, draft } = chat;
  const isWritten = useIsWritten(
    store,
    messages && !draft && isUnanswered(messages) ? messages.at(-1)?.uid : undefined,
  );
  useScrollTo(position, messages);
  const session = overview?.sessions.find(({ sessionId }) => sessionId === store.sessionId);
  const isEmpty = messages?.length === 0 && !draft;
  return (
    <main className="chat">
      <ChatHeader connection={connection} store={store} session={session} chat={chat} onOpenMenu={onOpenMenu} />
      <div className="chat-scroll" role="region" aria-label="Messages" tabIndex={0}>
        <div className="column">
          {isEmpty && <Greeting onSend={(text) => void chat.send(text)} />}
          {chat.showEarlier && (
            <button type="button" className="link-button earlier" onClick={chat.showEarlier}>
              Show earlier messages
            </button>
          )}
          <MessageList messages={messages ?? []} draft={draft} found={position} />
          {messages && !draft && <Unanswered messages={messages} isWritten={isWritten} onAnswer={chat.answer} />}
        </div>
      </div>
      <div className="column chat-foot">
        <Composer
          chat={`${store.project} ${store.sessionId}`}
          isReplying={draft !== undefined || isWritten}
          onSend={chat.send}
        />
        <StatusLine connection={connection} overview={overview} onChange={onChange} />
      </div>
      <Announcer chat={chat} />
    </main>
  );
}

interface UnansweredProps {
  readonly messages: readonly StoredMessage[];
  readonly isWritten: boolean;
  readonly onAnswer: () => void;
}

/** The tab that was writing a reply has gone, or another one is writing it now. */
function Unanswered({ messages, isWritten, onAnswer }: UnansweredProps) {
  const last = messages.at(-1);
  if (!isUnanswered(messages)) return null;
  if (isWritten) return <p className="unanswered">Another tab is writing this reply.</p>;
  const isCutOff = last?.status === "partial";
  return (
    <p className={isCutOff ? "unanswered" : "unanswered to-user"}>
      {isCutOff ? "This reply was cut off." : "There is no reply to this yet."}{" "}
      <button type="button" className="link-button" onClick={onAnswer}>
        {isCutOff ? "Write it anew" : "Reply now"}
      </button>
    </p>
  );
}

/** Once it is there, shows the message at this position. */
function useScrollTo(position: number | undefined, messages: readonly StoredMessage[] | undefined): void {
  const shown = useRef<number>(undefined);
  useEffect(() => {
    const target =
      position === undefined || shown.current === position ? null : document.getElementById(anchor(position));
    if (!target) return;
    shown.current = position;
    target.scrollIntoView({ block: "center" });
  }, [position, messages]);
}

/** Reads a reply out once it is complete: word by word it would be a stutter. */
function Announcer({ chat: { messages, draft } }: { readonly chat: Chat }) {
  const [wasReplying, setWasReplying] = useState(false);
  const [text, setText] = useState("");
  const isReplying = draft !== undefined;
  useEffect(() => {
    if (isReplying) setText("Longhand is replying.");
    else if (wasReplying) {
      const last = messages?.at(-1);
      setText(last?.role === "assistant" ? `Longhand: ${textOf(last)}` : "");
    }
    setWasReplying(isReplying);
  }, [isReplying, wasReplying, messages]);
  return (
    <div className="visually-hidden" role="status">
      {text}
    </div>
  );
}
