import { useSyncExternalStore } from "react";

/** Which chat is shown. It stands in the address: a reload stays there, and a link opens it in another tab. */
export interface Place {
  readonly project: string;
  /** Absent until one has been chosen. */
  readonly sessionId?: string;
  /** Of the message that is to be seen. */
  readonly position?: number;
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(
    (onChange) => {
      addEventListener("hashchange", onChange);
      return () => removeEventListener("hashchange", onChange);
    },
    () => location.hash,
  );
  const values = new URLSearchParams(hash.slice(1));
  const sessionId = values.get("session");
  // Anything may stand in an address.
  const [position] = /^\d{1,9}$/.exec(values.get("message") ?? "") ?? [];
  return {
    project: values.get("project") ?? location.origin,
    ...(sessionId !== null && { sessionId }),
    ...(position !== undefined && { position: Number(position) }),
  };
}

/** The link to a place. */
export function linkTo({ project, sessionId, position }: Place): string {
  const values = new URLSearchParams({
    ...(sessionId !== undefined && { session: sessionId }),
    ...(position !== undefined && { message: String(position) }),
    ...(project !== location.origin && { project }),
  });
  return `#${values}`;
}

export function goTo(place: Place): void {
  location.assign(linkTo(place));
}

/** Goes there without leaving a trace in the tab's history. */
export function redirectTo(place: Place): void {
  location.replace(linkTo(place));
}

/** The id of a chat that nobody has begun. */
export function newSessionId(): string {
  // The time first: of two chats that were made in one second the newer is listed first.
  return Date.now().toString(16).padStart(12, "0") + crypto.randomUUID().replaceAll("-", "").slice(12);
}
