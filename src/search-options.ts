import { checkChoice, checkCount, checkDbName, checkName, checkOptions, refuse } from "./arguments.js";
import { ROLES } from "./content.js";
import type { Role } from "./messages.js";
import type { SearchArgs } from "./operations.js";

/** Where and how much to search. */
export interface SearchOptions {
  /** The table prefix. @default "axio_context" */
  readonly dbName?: string | undefined;
  /** @default all */
  readonly project?: string | undefined;
  /** @default all */
  readonly sessionId?: string | undefined;
  /** @default all */
  readonly role?: Role | undefined;
  /** Messages written then or later; counted in whole seconds. */
  readonly since?: Date | undefined;
  /** Messages written then or before; counted in whole seconds. */
  readonly until?: Date | undefined;
  /** The most messages to find. @default 50 */
  readonly limit?: number | undefined;
}

/** Throws `invalid-argument` for what cannot be searched for. */
export function checkSearch(query: string, options: SearchOptions): SearchArgs {
  const { dbName = "axio_context", project, sessionId, role, since, until, limit = 50 } = checkOptions(options);
  if (typeof query !== "string") refuse("The query must be a string.");
  if (project !== undefined) checkName("project", project);
  if (sessionId !== undefined) checkName("sessionId", sessionId);
  if (role !== undefined) checkChoice("role", role, ROLES);
  return {
    dbName: checkDbName(dbName),
    query,
    project,
    sessionId,
    role,
    since: toTime("since", since),
    until: toTime("until", until),
    limit: checkCount("limit", limit),
  };
}

/** As the database writes it, in UTC. */
function toTime(what: string, date: Date | undefined): string | undefined {
  if (date === undefined) return undefined;
  if (!(date instanceof Date) || !(Math.abs(date.getTime()) < 253402300800000))
    refuse(`${what} must be a valid Date before the year 10000.`);
  return date.toISOString().slice(0, 19).replace("T", " ");
}
