import { ContextStoreError, type ErrorCode } from "../src/errors.js";
import type { ImportSummary, SessionKey } from "../src/protocol.js";
import type { SqlValue } from "@sqlite.org/sqlite-wasm";
import type { Database, Row } from "./database.js";
import { unseal } from "./envelope.js";
import { refreshSummary } from "./operations/summaries.js";
import { createTables, dbNames } from "./schema.js";
import { type IncomingTables, inspectIncoming } from "./incoming.js";
import { tables } from "./tables.js";

type Counts = { -readonly [Key in keyof ImportSummary]: ImportSummary[Key] };

/** Takes the chat histories of a checked foreign file over into ours. Runs inside a transaction, and never awaits. */
export function importStaged(db: Database, staged: Database, mode: "merge" | "replace"): ImportSummary {
  const { histories, ignoredTables } = inspectIncoming(staged);
  const counts: Counts = {
    sessionsAdded: 0,
    sessionsExtended: 0,
    sessionsForked: 0,
    sessionsUnchanged: 0,
    messagesAdded: 0,
    ignoredTables,
  };
  if (mode === "replace") for (const dbName of dbNames(db)) for (const sql of tables(dbName).deleteAll) db.run(sql);
  for (const incoming of histories) {
    createTables(db, incoming.dbName);
    new Merge(db, staged, incoming, counts).run();
  }
  return counts;
}

/** A row as it stands in the file: role, content, created_at, uid, metadata, status. */
type IncomingRow = Row;

class Merge {
  readonly #db: Database;
  readonly #staged: Database;
  readonly #incoming: IncomingTables;
  readonly #counts: Counts;

  constructor(db: Database, staged: Database, incoming: IncomingTables, counts: Counts) {
    this.#db = db;
    this.#staged = staged;
    this.#incoming = incoming;
    this.#counts = counts;
  }

  run(): void {
    const { dbName, sessionIds, projectsOf, tokens } = this.#incoming;
    for (const [id] of this.#staged.rows(sessionIds)) {
      const sessionId = String(id);
      const projects = this.#staged.rows(projectsOf, sessionId).map(([project]) => String(project));
      const sessions = projects.map((project) => ({ dbName, sessionId, project }));
      if (this.#db.value(tables(dbName).lastPosition, sessionId) === null) this.#add(sessionId, sessions);
      else for (const session of sessions) this.#merge(session);
    }
    if (tokens !== undefined) for (const row of this.#staged.rows(tokens)) this.#keepTokens(row);
  }

  /** A session id that is not here: the rows of all its projects in the file's own order. */
  #add(sessionId: string, sessions: readonly SessionKey[]): void {
    for (const [project, ...row] of this.#staged.rows(this.#incoming.whole, sessionId)) {
      this.#insert({ dbName: this.#incoming.dbName, sessionId, project: String(project) }, row);
    }
    for (const session of sessions) this.#finish(session);
    this.#counts.sessionsAdded += sessions.length;
  }

  #merge(session: SessionKey): void {
    const theirs = this.#staged.rows(this.#incoming.messages, session.sessionId, session.project);
    const ours = this.#ours(session);
    const common = commonPrefix(ours, theirs);
    if (common === theirs.length) {
      this.#counts.sessionsUnchanged++;
    } else if (common === ours.length) {
      for (const row of theirs.slice(common)) this.#insert(session, row);
      this.#finish(session);
      if (ours.length === 0) this.#counts.sessionsAdded++;
      else this.#counts.sessionsExtended++;
    } else {
      this.#fork(session, theirs, common);
    }
  }

  /** Both went on differently: theirs becomes a fork, unless an earlier import of the file has made it already. */
  #fork(session: SessionKey, theirs: readonly IncomingRow[], common: number): void {
    const sql = tables(session.dbName);
    const forks = this.#db.rows(sql.forksOf, session.sessionId, session.project);
    const made = forks.some(
      ([id]) => commonPrefix(this.#ours({ ...session, sessionId: String(id) }), theirs) === theirs.length,
    );
    if (made) {
      this.#counts.sessionsUnchanged++;
      return;
    }
    const fork = { ...session, sessionId: crypto.randomUUID().replaceAll("-", "") };
    for (const row of theirs) this.#insert(fork, row);
    refreshSummary(this.#db, fork);
    this.#takeTokens(session, fork.sessionId);
    this.#db.run(sql.setLineage, fork.sessionId, fork.project, session.sessionId, common);
    this.#counts.sessionsForked++;
  }

  #ours({ dbName, sessionId, project }: SessionKey): Row[] {
    return this.#db.rows(tables(dbName).forMerge, sessionId, project);
  }

  #insert({ dbName, sessionId, project }: SessionKey, row: IncomingRow): void {
    const [role, content, createdAt, uid, metadata, status] = row as [
      SqlValue,
      SqlValue,
      SqlValue,
      SqlValue,
      SqlValue,
      SqlValue,
    ];
    if (role === null || content === null || createdAt === null) {
      throw new ContextStoreError(
        "corrupt",
        `The file to import has an incomplete row in session ${JSON.stringify(sessionId)}. Nothing was imported.`,
      );
    }
    this.#db.run(
      tables(dbName).insert,
      sessionId,
      project,
      role,
      content,
      uid,
      metadata,
      createdAt,
      status === "partial" ? status : null,
    );
    this.#counts.messagesAdded++;
  }

  /** What follows from the rows of a session, and what the file says about it. */
  #finish(session: SessionKey): void {
    refreshSummary(this.#db, session);
    this.#takeTokens(session, session.sessionId);
    this.#takeDescription(session);
  }

  /** The file's counts of a session that was added or extended. */
  #takeTokens({ dbName, sessionId, project }: SessionKey, target: string): void {
    if (this.#incoming.tokensOf === undefined) return;
    const row = this.#staged.row(this.#incoming.tokensOf, sessionId, project);
    if (row) this.#db.run(tables(dbName).setTokens, target, project, ...row);
  }

  /** Counts of sessions without messages; those of sessions that were merged are here already. */
  #keepTokens(row: Row): void {
    this.#db.run(tables(this.#incoming.dbName).keepTokens, ...row);
  }

  /** Title and lineage, from a file of ours. */
  #takeDescription({ dbName, sessionId, project }: SessionKey): void {
    if (this.#incoming.description === undefined) return;
    const row = this.#staged.row(this.#incoming.description, sessionId, project);
    if (!row) return;
    const sql = tables(dbName);
    if (row[0] !== null) this.#db.run(sql.setTitle, sessionId, project, row[0]);
    if (row[1] !== null) this.#db.run(sql.setLineage, sessionId, project, row[1], row[2]);
  }
}

/** How many rows, from the first on, say the same. */
function commonPrefix(ours: readonly Row[], theirs: readonly Row[]): number {
  const shorter = Math.min(ours.length, theirs.length);
  for (let i = 0; i < shorter; i++) if (!sameMessage(ours[i]!, theirs[i]!)) return i;
  return shorter;
}

/** The stored bytes of equal messages may differ: a gzip header carries the time. */
function sameMessage([role, content]: Row, [otherRole, otherContent]: Row): boolean {
  if (role !== otherRole) return false;
  if (content === otherContent) return true;
  try {
    return unseal(content) === unseal(otherContent);
  } catch {
    return false;
  }
}

/** Refuses what SQLite could not open, or would open as something else, before anything is read of it. */
export async function checkFileHeader(file: Blob): Promise<void> {
  const header = new DataView(await file.slice(0, 100).arrayBuffer());
  const refuse = (code: ErrorCode, what: string) => {
    throw new ContextStoreError(code, `The file to import ${what}. Nothing was imported.`);
  };
  if (file.size === 0) refuse("not-a-database", "is empty");
  const magic = new TextDecoder().decode(header.buffer.slice(0, 16));
  if (magic !== "SQLite format 3\0") refuse("not-a-database", "does not begin as an SQLite database does");
  if (header.byteLength < 100) refuse("corrupt", "is cut off in its header");
  // https://www.sqlite.org/fileformat2.html#the_database_header
  const pageSize = header.getUint16(16) === 1 ? 65536 : header.getUint16(16);
  if (file.size % pageSize !== 0) refuse("corrupt", `is cut off: ${file.size} bytes are no whole number of pages`);
  if (header.getUint32(56) > 1)
    refuse("unsupported", "holds its text as UTF-16; copy it into a database of UTF-8 first");
}
