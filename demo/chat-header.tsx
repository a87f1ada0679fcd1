import type { Connection, DeletedSession, SessionInfo, SQLiteContextStore } from "../src/index.js";
import { showNumber } from "./format.js";
import { DeleteIcon, ForkIcon, MenuIcon } from "./icons.js";
import { useNotices } from "./notice.js";
import type { Chat } from "./use-chat.js";
import { goTo, newSessionId } from "./use-place.js";

interface ChatHeaderProps {
  readonly connection: Connection;
  readonly store: SQLiteContextStore;
  /** Absent while the chat has no messages. */
  readonly session: SessionInfo | undefined;
  readonly chat: Chat;
  readonly onOpenMenu: () => void;
}

/** What the chat is, what it has cost, and what can be done with it. */
export function ChatHeader({ connection, store, session, chat, onOpenMenu }: ChatHeaderProps) {
  const { attempt, say } = useNotices();
  const isIdle = chat.messages !== undefined && chat.messages.length > 0 && !chat.draft;

  const fork = () =>
    attempt(async () => {
      const { project, sessionId } = await store.fork();
      goTo({ project, sessionId });
      say("This is a copy. The chat it came from stays as it is.");
    });

  const restore = (deleted: DeletedSession) =>
    attempt(async () => {
      await connection.restoreSession(deleted);
      goTo(deleted);
    });

  const remove = () =>
    attempt(async () => {
      const { project, sessionId } = store;
      await store.deleteSession();
      const deleted = (await connection.listDeletedSessions()).find(
        (each) => each.sessionId === sessionId && each.project === project,
      );
      goTo({ project, sessionId: newSessionId() });
      say("The chat was deleted.", deleted && { label: "Undo", run: () => void restore(deleted) });
    });

  return (
    <header className="chat-header">
      <button
        type="button"
        className="icon-button narrow-only"
        aria-label="Show the list of chats"
        aria-controls="sidebar"
        onClick={onOpenMenu}
      >
        <MenuIcon />
      </button>
      <h1>{session?.title ?? session?.preview ?? "New chat"}</h1>
      <TokenCount chat={chat} />
      <button
        type="button"
        className="icon-button"
        disabled={!isIdle}
        aria-label="Fork this chat"
        title="Fork this chat"
        onClick={() => void fork()}
      >
        <ForkIcon />
      </button>
      <button
        type="button"
        className="icon-button"
        disabled={!isIdle}
        aria-label="Delete this chat"
        title="Delete this chat"
        onClick={() => void remove()}
      >
        <DeleteIcon />
      </button>
    </header>
  );
}

function TokenCount({ chat: { tokens } }: { readonly chat: Chat }) {
  const { inputTokens, outputTokens } = tokens;
  if (inputTokens + outputTokens === 0) return null;
  const spoken = `${showNumber(inputTokens)} tokens in, ${showNumber(outputTokens)} out`;
  return (
    <p className="token-count" title={`${spoken}, at about four characters a token`}>
      <span className="visually-hidden">{spoken}</span>
      <span aria-hidden="true">
        <span className="wide-only">Tokens: </span>
        <b>{showNumber(inputTokens)}</b> in <b>{showNumber(outputTokens)}</b> out
      </span>
    </p>
  );
}
