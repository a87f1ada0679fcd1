import { useEffect, useState } from "react";
import type { SQLiteContextStore } from "../src/index.js";

/**
 * The lock that a tab holds while it has a chat answered. It goes with the tab: so others know whether more of the answer
 * will come.
 */
export function writingLock({ project, sessionId }: SQLiteContextStore): string {
  return `longhand:writing:${JSON.stringify([project, sessionId])}`;
}

/** Whether some tab is having the message of this uid answered, or is still writing it. */
export function useIsWritten(store: SQLiteContextStore, uid: string | undefined): boolean {
  const [leftUid, setLeftUid] = useState<string>();
  useEffect(() => {
    if (uid === undefined) return undefined;
    const waiting = new AbortController();
    // Granted as soon as nobody writes; rejected where the wait is given up.
    navigator.locks.request(writingLock(store), { signal: waiting.signal }, () => setLeftUid(uid)).catch(() => {});
    return () => waiting.abort();
  }, [store, uid]);
  return uid !== undefined && uid !== leftUid;
}
