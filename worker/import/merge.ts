import { ContextStoreError } from "../../src/errors.js";
import type { SessionKey } from "../../src/operations.js";
import type { ImportSummary } from "../../src/reports.js";
import type { Change } from "../operations/changes.js";
import { endOf, partialPosition } from "../operations/positions.js";
import { finish } from "../operations/streams.js";
import { previewOfStored } from "../operations/summaries.js";
import type { Steps } from "../slices.js";
import { tables } from "../sql/tables.js";
import type { Database, Row } from "../sqlite/database.js";
import type { ImportJournal } from "./import-journal.js";
import type { IncomingMessage, IncomingPlan } from "./incoming-plan.js";
import type { IncomingTables } from "./incoming.js";
import { relationOf } from "./relation.js";

type Counts = { -readonly [Key in keyof ImportSummary]: ImportSummary[Key] };

/** How many messages are read, compared or written in one step. */
const STEP = 16;

/** A message that is still being written here, and complete in the file. */
interface Finished {
  readonly session: SessionKey;
  readonly id: number;
  readonly content: string;
}

/** How two versions of a session compare: from the first message on, `common` of them are the same. */
interface Comparison {
  readonly common: number;
  readonly ours: "ends" | "goes on";
  readonly theirs: "ends" | "goes on";
  readonly finished: readonly Finished[];
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
  readonly #finished: Finished[] = [];
  /** Others have cleared sessions, which may be some of those that were merged. */
  #hasLost = false;

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
    if (kind === "clear" || kind === "delete") this.#hasLost = true;
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
    for (const { session, id, content } of this.#finished) {
      if (partialPosition(this.#db, session, id) !== undefined) finish(this.#db, session, id, content);
    }
    const sql = tables(this.dbName);
    // What the file says of a session has gone with its messages, unless these were brought back.
    if (this.#hasLost) this.#db.run(sql.forgetLost);
    for (const take of sql.takeDescribed) this.#db.run(take);
  }

  /** Extends what is here, or adds the file's version as a fork where both went on differently. */
  *#merge(session: SessionKey): Steps<void> {
    const common = yield* this.#extend(session, session);
    if (common === undefined) return;
    const { sessionId, project } = session;
    const sql = tables(this.dbName);
    const done = this.messagesDone;
    // An earlier import of the file may have made it already, and the file gone on since. Before one is extended, all are
    // asked whether they have all of it: what is imported twice changes nothing.
    const forks = this.#db.rows(sql.forksOf, sessionId, project);
    for (const mayExtend of [false, true]) {
      for (const [id, forkedAt] of forks) {
        this.messagesDone = done;
        // A fork that was made here, and not gone on with, has nothing of the file's own.
        const least = mayExtend ? Math.max(common, Number(forkedAt)) + 1 : Infinity;
        if ((yield* this.#extend({ ...session, sessionId: String(id) }, session, least)) === undefined) return;
      }
    }
    for (;;) {
      this.messagesDone = done;
      const fork = { ...session, sessionId: crypto.randomUUID().replaceAll("-", "") };
      this.#watch(fork.sessionId);
      if (!(yield* this.#insertAll(sessionId, fork.sessionId, project, 0))) continue;
      this.#describe(session, fork);
      this.#db.run(sql.setLineage, fork.sessionId, project, sessionId, common);
      this.#counts.sessionsForked++;
      return;
    }
  }

  /**
   * Adds to a session that is here what the file's has behind it. Gives how many messages they have in common where both
   * went on differently, or where those are less than `least`.
   */
  *#extend(ours: SessionKey, theirs: SessionKey, least = 0): Steps<number | undefined> {
    for (const done = this.messagesDone; ; this.messagesDone = done) {
      this.#watch(ours.sessionId);
      const found = yield* this.#compare(ours, theirs.sessionId);
      if (!found) continue;
      const { common, finished } = found;
      if (found.theirs === "goes on") {
        if (found.ours === "goes on" || common < least) return common;
        if (!(yield* this.#insertAll(theirs.sessionId, ours.sessionId, ours.project, common))) continue;
        this.#describe(theirs, ours);
      }
      this.#finished.push(...finished);
      if (found.theirs === "ends" && finished.length === 0) this.#counts.sessionsUnchanged++;
      else if (common === 0) this.#counts.sessionsAdded++;
      else this.#counts.sessionsExtended++;
      return undefined;
    }
  }

  /** Compares a session that is here with one of the file. Nothing when it was changed meanwhile, and not only grew. */
  *#compare(session: SessionKey, theirId: string): Steps<Comparison | undefined> {
    const { dbName, sessionId, project } = session;
    const finished: Finished[] = [];
    let common = 0;
    let last: Row[number] = -Infinity;
    for (const theirs of this.#plan.messages(this.#history, theirId, project, STEP)) {
      const ours = this.#db.rows(tables(dbName).forMerge, sessionId, project, last, theirs.length);
      for (const [place, { row }] of theirs.entries()) {
        const relation = ours[place] ? relationOf(ours[place], row) : "missing";
        if (relation === "missing" || relation === "different") {
          this.messagesDone += place;
          common += place;
          return { common, ours: relation === "missing" ? "ends" : "goes on", theirs: "goes on", finished };
        }
        if (relation === "finished") finished.push({ session, id: Number(ours[place]![1]), content: String(row[1]) });
      }
      common += theirs.length;
      this.messagesDone += theirs.length;
      last = ours.at(-1)![0]!;
      yield;
      if (this.#touched === "changed") return undefined;
    }
    return { common, ours: "goes on", theirs: "ends", finished };
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
      yield* this.#journal.undo(mark);
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
  #describe(theirs: SessionKey, ours: SessionKey): void {
    const [input = null, output = null] = this.#plan.tokensOf(this.#history, theirs) ?? [];
    const isFork = theirs.sessionId !== ours.sessionId;
    const [title, parent, forkedAt] = isFork ? [] : this.#descriptionOf(theirs);
    const { sessionId, project } = ours;
    this.#db.run(tables(this.dbName).describe, sessionId, project, input, output, title, parent, forkedAt);
  }

  #descriptionOf({ sessionId, project }: SessionKey): Row {
    const { description } = this.#incoming;
    return (description && this.#staged.row(description, sessionId, project)) || [];
  }

  #watch(sessionId: string): void {
    this.#watched = sessionId;
    this.#touched = "not";
  }
}
