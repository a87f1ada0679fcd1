import type { Role, SearchHit } from "../../src/messages.js";
import type { SearchArgs } from "../../src/operations.js";
import { assemble } from "../operations/parts.js";
import { ordinal } from "../operations/positions.js";
import { tables } from "../sql/tables.js";
import type { Steps } from "../slices.js";
import type { Database, Row } from "../sqlite/database.js";
import { textOfStored } from "./message-text.js";
import { parseQuery, type Term, toMatch } from "./query.js";
import { scopeMatch } from "./scope.js";
import type { SearchIndex } from "./search-index.js";
import { fold } from "./words.js";

/** A message that was found, with its stored content instead of a snippet of it. */
export interface FoundMessage extends Omit<SearchHit, "snippet"> {
  readonly content: string;
}

/** So many messages are read at once. */
const BATCH = 64;

/** How many more than are wanted are asked for at first: some may be gone, or from another time. */
const SPARE = 64;
const ALL = 2 ** 31 - 1;

/** Of more than these the newest come first: to rank them takes several times as long as to find them. */
const MOST_RANKED = 4096;

/**
 * The messages that a query finds, best first, or of too many the newest first, by an index that is up to date. Where many
 * are wanted, or few of many, they are read in steps: what is gone meanwhile is not found.
 */
export function* find(db: Database, index: SearchIndex, args: SearchArgs): Steps<FoundMessage[]> {
  const { dbName, query, limit } = args;
  const terms = parseQuery(query);
  if (terms.length === 0 || limit === 0) return [];
  const strict = terms.filter(({ hasPunctuation }) => hasPunctuation);
  for (const { ids, isAll } of attempts(index, toMatch(terms), args)) {
    const found: FoundMessage[] = [];
    for (let at = 0; at < ids.length;) {
      const batch = ids.slice(at, (at += Math.min(BATCH, limit - found.length)));
      for (const row of db.rows(tables(dbName).found, JSON.stringify(batch))) {
        const message = look(db, args, strict, row);
        if (message && found.push(message) === limit) return found;
      }
      yield;
    }
    if (isAll) return found;
  }
  return [];
}

/** What the index finds. */
interface Attempt {
  readonly ids: readonly number[];
  /** Whether it finds no more. */
  readonly isAll: boolean;
}

/**
 * What the index finds, one after the other, until enough of it is wanted or all has been seen. To rank what it finds it
 * counts the messages of each scope: of a session they are few, but of a project nearly all that there are. So the others
 * come into it only where too much is found beside them.
 */
function* attempts(index: SearchIndex, match: string, args: SearchArgs): Iterable<Attempt> {
  const { dbName, sessionId, limit } = args;
  const some = Math.min(limit + SPARE, ALL);
  const wide = match + scopeMatch({ sessionId });
  const scoped = match + scopeMatch(args);
  const attempt = (order: "best" | "newest", asked: string, most: number): Attempt => {
    const ids = index.find(dbName, asked, order, most);
    return { ids, isAll: ids.length < most };
  };
  let newest = attempt("newest", wide, MOST_RANKED + 1);
  if (newest.isAll) yield attempt("best", wide, some);
  else if (wide !== scoped) newest = attempt("newest", scoped, MOST_RANKED + 1);
  if (newest.isAll) {
    if (wide !== scoped) yield attempt("best", scoped, some);
    yield attempt("best", scoped, ALL);
  } else {
    if (limit <= MOST_RANKED) yield newest;
    yield attempt("newest", scoped, ALL);
  }
}

function look(db: Database, args: SearchArgs, strict: readonly Term[], row: Row): FoundMessage | undefined {
  const { dbName } = args;
  if (!isWanted(row, args)) return undefined;
  const [id, sessionId, project, position, role, stored, createdAt, status, isAlone] = row;
  const content = status === null ? (stored as string) : assemble(db, dbName, Number(id), stored);
  if (strict.length > 0) {
    const text = fold(textOfStored(content));
    if (!strict.every(({ spellings }) => spellings.some(({ literal }) => text.search(literal()) >= 0)))
      return undefined;
  }
  const session = { dbName, sessionId: String(sessionId), project: String(project) };
  return {
    sessionId: session.sessionId,
    project: session.project,
    messageId: Number(id),
    position: isAlone === 1 ? Number(position) : ordinal(db, session, Number(position)),
    role: String(role) as Role,
    createdAt: String(createdAt),
    content,
  };
}

function isWanted([, sessionId, project, , role, , createdAt]: Row, args: SearchArgs): boolean {
  if (args.sessionId !== undefined && args.sessionId !== sessionId) return false;
  if (args.project !== undefined && args.project !== project) return false;
  if (args.role !== undefined && args.role !== role) return false;
  const time = String(createdAt);
  return (args.since === undefined || time >= args.since) && (args.until === undefined || time <= args.until);
}
