import { useEffect, useState } from "react";
import type { StoredMessage } from "../src/index.js";

/**
 * The lock that a tab holds while it writes a message. It goes with the tab: so others know whether more of the message
 * will come.
 */
export function writingLock(uid: string): string {
  return `longhand:writing:${uid}`;
}

/** Whether some tab is still writing this message. */
export function useIsWritten(message: StoredMessage | undefined): boolean {
  const uid = message?.status === "partial" ? message.uid : undefined;
  const [leftUid, setLeftUid] = useState<string>();
  useEffect(() => {
    if (uid === undefined) return undefined;
    const waiting = new AbortController();
    // Granted as soon as nobody writes it; rejected where the wait is given up.
    navigator.locks.request(writingLock(uid), { signal: waiting.signal }, () => setLeftUid(uid)).catch(() => {});
    return () => waiting.abort();
  }, [uid]);
  return uid !== undefined && uid !== leftUid;
}
