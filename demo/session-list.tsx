import type { SessionInfo } from "../src/index.js";
import { readTime, showCount, showTime } from "./format.js";
import { ForkIcon } from "./icons.js";
import { linkTo } from "./use-place.js";

interface SessionListProps {
  /** The one that was written to last first. Absent until they have been read. */
  readonly sessions: readonly SessionInfo[] | undefined;
  readonly project: string;
  readonly currentId: string;
  readonly onChoose: () => void;
}

export function SessionList({ sessions, project, currentId, onChoose }: SessionListProps) {
  return (
    <nav className="session-list" aria-label="Chats">
      {sessions?.length === 0 && (
        <p className="session-list-empty">No chats yet. What you write will be listed here.</p>
      )}
      <ul>
        {sessions?.map((session) => (
          <li key={session.sessionId}>
            <a
              className="session"
              href={linkTo({ project, sessionId: session.sessionId })}
              aria-current={session.sessionId === currentId ? "page" : undefined}
              onClick={onChoose}
            >
              <SessionCard session={session} />
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function SessionCard({ session }: { readonly session: SessionInfo }) {
  const { title, preview, messageCount, updatedAt, parentSessionId } = session;
  const time = readTime(updatedAt);
  return (
    <>
      <span className="session-title">{title ?? preview}</span>
      <span className="session-facts">
        {parentSessionId !== undefined && (
          <span className="session-fork">
            <ForkIcon /> fork ·
          </span>
        )}
        <span>{showCount(messageCount, "message")}</span>
        <time dateTime={time.toISOString()} title={time.toLocaleString()}>
          {showTime(time)}
        </time>
      </span>
    </>
  );
}
