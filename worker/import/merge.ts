import { ContextStoreError } from "../../src/errors.js";
import type { SessionKey } from "../../src/operations.js";
import type { ImportSummary } from "../../src/reports.js";
import { unseal } from "../envelopes/envelope.js";
import type { Change } from "../operations/changes.js";
import { endOf } from "../operations/positions.js";
import { previewOfStored } from "../operations/summaries.js";
import type { Steps } from "../slices.js";
import { tables } from "../sql/tables.js";
import type { Database, Row } from "../sqlite/database.js";
import { type ImportJournal, undoImport } from "./import-journal.js";
import type { IncomingMessage, IncomingPlan } from "./incoming-plan.js";
import type { IncomingTables } from "./incoming.js";

type Counts = { -readonly [Key in keyof ImportSummary]: ImportSummary[Key] };

/** How many messages are read, compared or written in one step. */
const STEP = 16;

/** How two versions of a session compare: from the first message on, `common` of them say the same. */
interface Comparison {
  readonly common: number;
  readonly ours: "ends" | "goes on";
  readonly theirs: "ends" | "goes on";
}

/** Brings the sessions of one history of a file together with those that are here. */
export class Merge {
  readonly dbName: string;
  messagesDone = 0;
  readonly #db: Database;
  readonly #staged: Database;
  readonly #plan: IncomingPlan;
  readonly #history: number;
  readonly #incoming: IncomingTables;
  readonly #journal: ImportJournal;
  readonly #counts: Counts;
  /** The session that is being written, and what others have done to it since the last look. */
  #watched = "";
  #touched: "not" | "appended" | "changed" = "not";

  constructor(
    db: Database,
    staged: Database,
    plan: IncomingPlan,
    history: number,
    incoming: IncomingTables,
    journal: ImportJournal,
    counts: Counts,
  ) {
    this.dbName = incoming.dbName;
    this.#db = db;
    this.#staged = staged;
    this.#plan = plan;
    this.#history = history;
    this.#incoming = incoming;
    this.#journal = journal;
    this.#counts = counts;
  }

  /** Another call has changed something between two steps. */
  note({ kind, dbName, sessionId }: Change): void {
    if (kind === "tokens" || kind === "session") return;
    if (dbName !== "" && dbName !== this.dbName) return;
    if (sessionId !== undefined && sessionId !== this.#watched) return;
    if (kind !== "append") this.#touched = "changed";
    else if (this.#touched === "not") this.#touched = "appended";
  }

  *run(): Steps<void> {
    const { dbName } = this;
    for (const sessionId of this.#plan.sessionIds(this.#history)) {
      const sessions = this.#plan
        .projectsOf(this.#history, sessionId)
        .map((project) => ({ dbName, sessionId, project }));
      const done = this.messagesDone;
      this.#watch(sessionId);
      const isNew = endOf(this.#db, { dbName, sessionId }) === 0;
      if (isNew && (yield* this.#insertAll(sessionId, sessionId, null, 0))) {
        for (const session of sessions) this.#describe(session, session);
        this.#counts.sessionsAdded += sessions.length;
        continue;
      }
      this.messagesDone = done;
      for (const session of sessions) yield* this.#merge(session);
    }
    for (const counts of this.#plan.allTokens(this.#history, STEP)) {
      for (const row of counts) this.#db.run(tables(dbName).describeOther, ...row);
      yield;
    }
  }

  /** What could not be taken back without what others have done meanwhile. */
  complete(): void {
    for (const sql of tables(this.dbName).takeDescribed) this.#db.run(sql);
  }

  *#merge(session: SessionKey): Steps<void> {
    const { sessionId, project } = session;
    for (const done = this.messagesDone; ; this.messagesDone = done) {
      this.#watch(sessionId);
      const found = yield* this.#compare(session, sessionId);
      if (!found) continue;
      if (found.theirs === "ends") {
        this.#counts.sessionsUnchanged++;
        return;
      }
      if (found.ours === "goes on") {
        yield* this.#fork(session, found.common);
        return;
      }
      if (!(yield* this.#insertAll(sessionId, sessionId, project, found.common))) continue;
      this.#describe(session, session);
      if (found.common === 0) this.#counts.sessionsAdded++;
      else this.#counts.sessionsExtended++;
      return;
    }
  }

  /** Both went on differently: theirs becomes a fork, unless an earlier import of the file has made it already. */
  *#fork(session: SessionKey, common: number): Steps<void> {
    const { dbName, sessionId, project } = session;
    const sql = tables(dbName);
    const done = this.messagesDone;
    for (const [id] of this.#db.rows(sql.forksOf, sessionId, project)) {
      this.messagesDone = done;
      this.#watch(String(id));
      const found = yield* this.#compare({ ...session, sessionId: String(id) }, sessionId);
      if (found?.theirs !== "ends") continue;
      this.#counts.sessionsUnchanged++;
      return;
    }
    for (;;) {
      this.messagesDone = done;
      const fork = { ...session, sessionId: crypto.randomUUID().replaceAll("-", "") };
      this.#watch(fork.sessionId);
      if (!(yield* this.#insertAll(sessionId, fork.sessionId, project, 0))) continue;
      this.#describe(session, fork, [null, null, null]);
      this.#db.run(sql.setLineage, fork.sessionId, project, sessionId, common);
      this.#counts.sessionsForked++;
      return;
    }
  }

  /** Compares a session that is here with one of the file. Nothing when it was changed meanwhile, and not only grew. */
  *#compare(session: SessionKey, theirId: string): Steps<Comparison | undefined> {
    const { dbName, sessionId, project } = session;
    let common = 0;
    let last: Row[number] = -Infinity;
    for (const theirs of this.#plan.messages(this.#history, theirId, project, STEP)) {
      const ours = this.#db.rows(tables(dbName).forMerge, sessionId, project, last, theirs.length);
      const different = theirs.findIndex(({ row }, i) => !ours[i] || !sameMessage(ours[i].slice(1), row));
      if (different >= 0) {
        this.messagesDone += different;
        return { common: common + different, ours: ours[different] ? "goes on" : "ends", theirs: "goes on" };
      }
      common += theirs.length;
      this.messagesDone += theirs.length;
      last = ours.at(-1)![0]!;
      yield;
      if (this.#touched === "changed") return undefined;
    }
    return { common, ours: "goes on", theirs: "ends" };
  }

  /**
   * Inserts the file's messages from number `from` on. False, with nothing left of them, when others have written to the
   * session meanwhile.
   */
  *#insertAll(theirId: string, sessionId: string, project: string | null, from: number): Steps<boolean> {
    const mark = this.#journal.mark();
    const added = this.#counts.messagesAdded;
    this.#touched = "not";
    let skip = from;
    for (const messages of this.#plan.messages(this.#history, theirId, project, STEP)) {
      const wanted = messages.slice(skip);
      skip = Math.max(0, skip - messages.length);
      this.#insert(sessionId, wanted);
      yield;
      if (this.#touched === "not") continue;
      yield* undoImport(this.#db, mark);
      this.#journal.mark();
      this.#counts.messagesAdded = added;
      return false;
    }
    return true;
  }

  #insert(sessionId: string, messages: readonly IncomingMessage[]): void {
    const sql = tables(this.dbName);
    const end = endOf(this.#db, { dbName: this.dbName, sessionId });
    for (const [place, { project, row }] of messages.entries()) {
      const [role, content, createdAt, uid, metadata, status] = row;
      if (role === null || content === null || createdAt === null) {
        const message = `The file to import has an incomplete row in session ${JSON.stringify(sessionId)}. Nothing was imported.`;
        throw new ContextStoreError("corrupt", message);
      }
      const session = { dbName: this.dbName, sessionId, project };
      const partial = status === "partial" ? status : null;
      this.#db.run(sql.insert, sessionId, project, end + place, role, content, uid, metadata, createdAt, partial);
      this.#journal.addMessage(session, this.#db.lastRowId);
      this.#counts.messagesAdded++;
    }
    this.messagesDone += messages.length;
    for (const project of new Set(messages.map((message) => message.project))) {
      this.#summarize(
        sessionId,
        project,
        messages.filter((message) => message.project === project),
      );
    }
  }

  #summarize(sessionId: string, project: string, messages: readonly IncomingMessage[]): void {
    const sql = tables(this.dbName);
    const times = messages.map(({ row }) => String(row[2])).sort();
    const first = messages.find(({ row }) => row[0] === "user");
    const preview = first === undefined ? null : previewOfStored(first.row[1]);
    this.#db.run(sql.countMessages, sessionId, project, messages.length, preview, times[0], times.at(-1));
  }

  /** What the file says of a session beside its messages: token counts and a description, kept for the end. */
  #describe(theirs: SessionKey, ours: SessionKey, description: Row = this.#descriptionOf(theirs)): void {
    const [input = null, output = null] = this.#plan.tokensOf(this.#history, theirs) ?? [];
    const [title, parent, forkedAt] = description;
    const { sessionId, project } = ours;
    this.#db.run(tables(this.dbName).describe, sessionId, project, input, output, title, parent, forkedAt);
  }

  #descriptionOf({ sessionId, project }: SessionKey): Row {
    const { description } = this.#incoming;
    return (description && this.#staged.row(description, sessionId, project)) || [null, null, null];
  }

  #watch(sessionId: string): void {
    this.#watched = sessionId;
    this.#touched = "not";
  }
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
