import type { OperationName, SessionKey } from "../../src/operations.js";
import type { OwnerRequest } from "../requests.js";
import { finish, nextTurn, type Steps, takeSlice } from "../slices.js";
import { IMPORTED_ANY, IMPORTED_SESSIONS } from "../sql/imports.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";
import type { Storage } from "../storage/storage.js";
import { undoImport } from "./import-journal.js";

/** A session with messages that are still to be taken back. */
interface Imported extends SessionKey {
  /** How many they are. */
  readonly messages: number;
  /** Whether it was there before. */
  readonly isOlder: boolean;
}

/** How many sessions are taken out of the list in one step. */
const MANY = 128;

/** The operations that show what is in the list of sessions. */
const LISTS: ReadonlySet<OperationName> = new Set(["sessions", "projects"]);

/**
 * What a death, or a full disk, in the middle of an import has left, and the copy of an export. Taking all of it back may
 * take seconds, for which nobody should wait: sessions are out of the list before anyone asks for that, and each is gone
 * before anyone looks into it.
 */
export class UnfinishedImport {
  readonly #storage: Storage;
  readonly #db: Database;
  readonly #editing: () => void;
  /** By what they share their positions with. */
  readonly #left = new Map<string, Imported[]>();
  /** Those that the list may still show. */
  readonly #listed = new Set<string>();
  #removing: Promise<void> | undefined;
  #stopped = false;

  /** `editing`: messages are about to be removed, and moved. */
  constructor(storage: Storage, editing: () => void) {
    this.#editing = editing;
    this.#storage = storage;
    this.#db = storage.database;
    this.look();
  }

  /** Looks for what an import has left that was not taken back, while there is none. Gives whether there is something. */
  look(): boolean {
    if (this.#stopped) return false;
    // Nearly always there is nothing, which a plainer query finds sooner.
    const found = this.#db.value(IMPORTED_ANY) === undefined ? [] : this.#db.rows(IMPORTED_SESSIONS);
    for (const [name, id, of, messages, before] of found) {
      const session = { dbName: String(name), sessionId: String(id), project: String(of) };
      const key = keyOf(session);
      if (!this.#left.has(key)) this.#left.set(key, []);
      this.#left.get(key)!.push({ ...session, messages: Number(messages), isOlder: before !== null });
    }
    for (const key of this.#left.keys()) this.#listed.add(key);
    return found.length > 0;
  }

  /** To be called before these are carried out. */
  settle(requests: readonly OwnerRequest[]): void {
    if (this.#left.size === 0) return;
    for (const { name, args } of requests) {
      if (LISTS.has(name)) this.#atOnce(this.#listed, (done) => this.#unlist(done));
      if (name === "repair") this.#atOnce(this.#left, (done) => this.#takeBackAll(done));
      if (!("session" in args)) continue;
      this.#takeBackOne(keyOf(args.session));
      if ("target" in args) this.#takeBackOne(keyOf({ ...args.session, sessionId: args.target }));
    }
  }

  /** Takes back the rest, while others have their turns. What fails is begun again by the next call. */
  async finish(): Promise<void> {
    await this.#inSlices(this.#listed, (done) => this.#unlist(done));
    await this.#inSlices(this.#left, (done) => this.#takeBackAll(done));
    // Once: the next import has such a file, too.
    await (this.#removing ??= this.#removeLeftovers());
  }

  /** The database is about to be closed. The next owner takes back the rest. */
  stop(): void {
    this.#stopped = true;
  }

  async #removeLeftovers(): Promise<void> {
    const steps = this.#storage.removeLeftovers();
    try {
      do await nextTurn();
      while (!this.#stopped && !takeSlice(steps));
    } catch (error) {
      this.#removing = undefined;
      throw error;
    }
  }

  #takeBackOne(key: string): void {
    if (!this.#left.has(key)) return;
    this.#db.transaction(() => finish(this.#takeBack(key)));
    this.#left.delete(key);
  }

  /** Does the rest of some work, and forgets what is done once it is committed. */
  #atOnce(rest: Rest, work: (done: string[]) => Steps<void>): void {
    const done: string[] = [];
    if (rest.size > 0) this.#db.transaction(() => finish(work(done)));
    for (const key of done) rest.delete(key);
  }

  async #inSlices(rest: Rest, work: (done: string[]) => Steps<void>): Promise<void> {
    const done: string[] = [];
    const steps = work(done);
    while (rest.size > 0) {
      await nextTurn();
      if (this.#stopped) return;
      this.#db.transaction(() => takeSlice(steps));
      for (const key of done.splice(0)) rest.delete(key);
    }
  }

  *#unlist(done: string[]): Steps<void> {
    const listed = [...this.#listed];
    for (let at = 0; at < listed.length; at += MANY) {
      const keys = listed.slice(at, at + MANY);
      const sessions = keys.flatMap((key) => this.#left.get(key) ?? []);
      // What was there before, or was added by others, stays in the list.
      const rest = this.#unlistNew(sessions);
      const left = new Set(rest.map(keyOf));
      done.push(...keys.filter((key) => !left.has(key)));
      yield;
      for (const key of left) {
        // Somebody may have looked into it meanwhile, and made it anew.
        for (const session of rest)
          if (keyOf(session) === key && this.#left.has(key)) yield* undoImport(this.#db, this.#editing, 0, session);
        done.push(key);
        yield;
      }
    }
  }

  /** Takes those out of the list that have nothing but what was imported, and gives the others. */
  #unlistNew(sessions: readonly Imported[]): Imported[] {
    this.#editing();
    const gone = new Set<string>();
    for (const dbName of new Set(sessions.map((session) => session.dbName))) {
      const isNew = sessions.filter((session) => session.dbName === dbName && !session.isOlder);
      const counted = isNew.map(({ project, sessionId, messages }) => [project, sessionId, messages]);
      for (const [project, sessionId] of this.#db.rows(tables(dbName).deleteSummaries, JSON.stringify(counted)))
        gone.add(JSON.stringify([dbName, project, sessionId]));
    }
    return sessions.filter(({ dbName, project, sessionId }) => !gone.has(JSON.stringify([dbName, project, sessionId])));
  }

  *#takeBackAll(done: string[]): Steps<void> {
    for (const key of this.#left.keys()) {
      yield* this.#takeBack(key);
      done.push(key);
    }
  }

  *#takeBack(key: string): Steps<void> {
    for (const session of this.#left.get(key) ?? []) yield* undoImport(this.#db, this.#editing, 0, session);
  }
}

/** The keys of what is still to be done. */
interface Rest {
  readonly size: number;
  delete(key: string): void;
}

function keyOf({ dbName, sessionId }: SessionKey): string {
  return JSON.stringify([dbName, sessionId]);
}
