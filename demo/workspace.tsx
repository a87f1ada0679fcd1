import { useCallback, useEffect, useMemo, useState } from "react";
import { type Connection, SQLiteContextStore } from "../src/index.js";
import { Conversation } from "./conversation.js";
import { useNotices } from "./notice.js";
import { Sidebar } from "./sidebar.js";
import { newSessionId, redirectTo, usePlace } from "./use-place.js";
import { useOverview } from "./use-overview.js";

/** The whole application, once the database is open. */
export function Workspace({ connection }: { readonly connection: Connection }) {
  const { project, sessionId, position } = usePlace();
  if (sessionId === undefined) return <Arrival key={project} connection={connection} project={project} />;
  return <Desk key={project} connection={connection} project={project} sessionId={sessionId} position={position} />;
}

interface ProjectProps {
  readonly connection: Connection;
  readonly project: string;
}

/** Goes on to the newest chat of the project, or to a new one. */
function Arrival({ connection, project }: ProjectProps) {
  const { attempt } = useNotices();
  useEffect(() => {
    let isCurrent = true;
    void attempt(async () => {
      const fresh = newSessionId();
      const [newest] = await new SQLiteContextStore(connection, fresh, { project }).listSessions({
        orderBy: "updated",
        limit: 1,
      });
      if (isCurrent) redirectTo({ project, sessionId: newest?.sessionId ?? fresh });
    });
    return () => {
      isCurrent = false;
    };
  }, [attempt, connection, project]);
  return <p className="opening">Reading the chats…</p>;
}

interface DeskProps extends ProjectProps {
  readonly sessionId: string;
  readonly position: number | undefined;
}

/** The list of chats beside one of them. */
function Desk({ connection, project, sessionId, position }: DeskProps) {
  const store = useMemo(
    () => new SQLiteContextStore(connection, sessionId, { project }),
    [connection, sessionId, project],
  );
  const { overview, refresh } = useOverview(connection, store);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const closeMenu = useCallback(() => setMenuOpen(false), []);
  useEffect(closeMenu, [closeMenu, sessionId]);

  return (
    <div className="desk">
      <Sidebar
        connection={connection}
        overview={overview}
        project={project}
        sessionId={sessionId}
        isOpen={isMenuOpen}
        onClose={closeMenu}
        onChange={refresh}
      />
      <Conversation
        key={sessionId}
        connection={connection}
        store={store}
        position={position}
        overview={overview}
        onChange={refresh}
        onOpenMenu={() => setMenuOpen(true)}
      />
    </div>
  );
}
