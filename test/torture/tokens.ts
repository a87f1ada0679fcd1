import { Fates } from "./fate.js";
import type { Entry, Span } from "./journal.js";
import { numberOf, type SessionState } from "./operations.js";
import type { Violation } from "./violation.js";

type Tokens = SessionState["tokens"];

/** Holds the token counts of a session, as they were at the time of `at`, against the calls that concern it. */
export function checkTokens(
  { session, tokens }: Pick<SessionState, "session" | "tokens">,
  entries: readonly Entry[],
  at: Span,
): Violation[] {
  const fates = new Fates(session, entries, at);
  const adds = entries.filter(({ operation }) => operation.kind === "addTokens" && operation.session === session);
  const known = adds.map((entry) => ({ entry, fate: fates.of(entry) }));
  return (["input", "output"] as const).flatMap((side) => {
    const amounts = (wanted: string) =>
      known.filter(({ fate }) => fate === wanted).map(({ entry }) => amount(entry, side));
    const sure = amounts("present").reduce((sum, one) => sum + one, 0);
    const open = amounts("either");
    const stored = tokens[`${side}Tokens`];
    if (sums(sure, open).has(stored)) return [];
    const detail = `${session} has ${stored} ${side} tokens; ${sure} are sure, and any of [${open.join(", ")}] may be.`;
    return [{ kind: "tokens", detail } satisfies Violation];
  });
}

/**
 * Holds the counts of a session that one page alone has written, and nobody cleared, against its calls: they are carried
 * out in order, so what is there is what an unbroken beginning of them makes.
 */
export function checkMeter({ session, tokens }: SessionState, entries: readonly Entry[]): Violation[] {
  if (entries.some(({ answer }) => answer !== undefined && answer.outcome !== "done")) return [];
  const calls = entries.toSorted((a, b) => numberOf(a.operation) - numberOf(b.operation));
  const possible: string[] = [];
  let counts: Tokens = { inputTokens: 0, outputTokens: 0 };
  for (const entry of [undefined, ...calls]) {
    if (entry) counts = apply(counts, entry);
    if (entry?.isDone) possible.length = 0;
    possible.push(JSON.stringify(counts));
  }
  if (possible.includes(JSON.stringify(tokens))) return [];
  return [{ kind: "tokens", detail: `${session} has ${JSON.stringify(tokens)}, not ${possible.join(" or ")}.` }];
}

function apply({ inputTokens, outputTokens }: Tokens, { operation }: Entry): Tokens {
  if (operation.kind === "setTokens") return { inputTokens: operation.input, outputTokens: operation.output };
  if (operation.kind !== "addTokens") return { inputTokens, outputTokens };
  return { inputTokens: inputTokens + operation.input, outputTokens: outputTokens + operation.output };
}

function amount({ operation }: Entry, side: "input" | "output"): number {
  return operation.kind === "addTokens" ? operation[side] : 0;
}

/** All that `base` and any of the others can add up to. */
function sums(base: number, others: readonly number[]): Set<number> {
  let found = new Set([base]);
  for (const other of others) found = new Set([...found].flatMap((sum) => [sum, sum + other]));
  return found;
}
