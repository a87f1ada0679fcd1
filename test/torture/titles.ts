import { type Entry, isBefore, type Span } from "./journal.js";
import type { SessionState } from "./operations.js";
import type { Violation } from "./violation.js";

/** Holds the title of a session against the calls that set it: a repeat must not undo what another tab did since. */
export function checkTitle({ session, title }: SessionState, entries: readonly Entry[], at: Span): Violation[] {
  const calls = entries.filter(({ operation }) => operation.kind === "title" && operation.session === session);
  const done = calls.filter((call) => call.isDone && isBefore(call, at));
  const violation = (detail: string): Violation[] => [{ kind: "title", detail: `${session}: ${detail}` }];
  if (title === undefined)
    return done.length === 0 ? [] : violation(`the title of ${done.at(-1)!.operation.id} is lost.`);
  const found = calls.find(({ operation }) => operation.id === title);
  if (!found) return violation(`nobody named it ${title}.`);
  if (found.isRefused) return violation(`to name it ${title} was refused.`);
  const later = done.find((call) => isBefore(found, call));
  return later ? violation(`it is named ${title} again, and was ${later.operation.id} since.`) : [];
}
