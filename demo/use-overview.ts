import { useCallback, useEffect, useRef, useState } from "react";
import type { Connection, DatabaseStatus, ProjectInfo, SessionInfo, SQLiteContextStore } from "../src/index.js";
import { useNotices } from "./notice.js";
import { useOnChange } from "./use-on-change.js";

/** What lies in the database, apart from the chat that is shown. */
export interface Overview {
  readonly sessions: readonly SessionInfo[];
  readonly projects: readonly ProjectInfo[];
  readonly status: DatabaseStatus;
}

/** Read again whenever a tab has changed something, and by `refresh`. */
export function useOverview(
  connection: Connection,
  store: SQLiteContextStore,
): { readonly overview: Overview | undefined; readonly refresh: () => void } {
  const [overview, setOverview] = useState<Overview>();
  const { attempt } = useNotices();
  const lastRead = useRef(0);

  const refresh = useCallback(() => {
    const number = ++lastRead.current;
    void attempt(async () => {
      const [sessions, projects, status] = await Promise.all([
        store.listSessions({ orderBy: "updated" }),
        connection.listProjects(),
        connection.status(),
      ]);
      // What was asked for later is shown already.
      if (number === lastRead.current) setOverview({ sessions, projects, status });
    });
  }, [attempt, connection, store]);

  useEffect(refresh, [refresh]);
  useOnChange(
    useCallback((listener) => connection.subscribe(listener), [connection]),
    refresh,
  );
  return { overview, refresh };
}
