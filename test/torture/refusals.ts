import { Fates } from "./fate.js";
import type { Entry, Journal } from "./journal.js";
import type { Violation } from "./violation.js";

/**
 * A death is no reason to refuse a call of another page. What refuses one rightly: a page's own impatience, and, for an
 * edit, that another tab has removed the row that it names.
 */
export function checkRefusals(journal: Journal): Violation[] {
  const { sessions } = journal;
  return [...journal.entries.values()].flatMap((entry) => {
    const { operation, answer } = entry;
    if (answer?.error === undefined) return [];
    if (!entry.isPatient && answer.error.startsWith("busy:")) return [];
    const named = nameOf(entry);
    if (named !== undefined && /^(conflict|not-found):/.test(answer.error)) {
      const entries = sessions.get(operation.session)!;
      const write = entries.find(({ keys }) => keys.includes(named))!;
      if (new Fates(operation.session, entries, entry).of(write) !== "present") return [];
    }
    return [{ kind: "refused", detail: `${JSON.stringify(operation)}: ${answer.outcome}, ${answer.error}` }];
  });
}

/** The row that an edit names. */
function nameOf({ operation }: Entry): string | undefined {
  if (operation.kind === "replace" || operation.kind === "truncate") return operation.row.key;
  return operation.kind === "finish" ? operation.of : undefined;
}
