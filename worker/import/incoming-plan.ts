import { ContextStoreError } from "../../src/errors.js";
import type { SessionKey } from "../../src/operations.js";
import { seal } from "../envelopes/envelope.js";
import { assemble } from "../operations/parts.js";
import { Recent } from "../recent.js";
import type { Steps } from "../slices.js";
import type { Database, Row } from "../sqlite/database.js";
import type { IncomingTables } from "./incoming.js";

// Which row of the file comes when: temporary tables on the connection to the file, so that neither its indexes nor its
// numbers of rows are trusted, and every step costs the same whatever the file holds. Of a million messages they take
// 17 MB, which lie in a file and not in memory; nothing of them is ever rolled back.

const PLAN = `
  PRAGMA temp_store=FILE;
  PRAGMA temp.journal_mode=OFF;
  PRAGMA temp.cache_size=-2048;
  CREATE TEMP TABLE plan_sessions(number INTEGER PRIMARY KEY, history INTEGER, session_id TEXT, UNIQUE(history, session_id));
  CREATE TEMP TABLE plan_projects(number INTEGER PRIMARY KEY, project TEXT UNIQUE);
  CREATE TEMP TABLE plan(
    session INTEGER, position, row INTEGER, project INTEGER, PRIMARY KEY(session, position, row)) WITHOUT ROWID;`;
const SESSION_NUMBER = `
  INSERT INTO temp.plan_sessions(history, session_id) VALUES (?, ?)
  ON CONFLICT DO UPDATE SET history = history RETURNING number`;
const PROJECT_NUMBER = `
  INSERT INTO temp.plan_projects(project) VALUES (?) ON CONFLICT DO UPDATE SET project = project RETURNING number`;
const TOKENS = `
  CREATE TEMP TABLE plan_tokens(
    history INTEGER, session_id TEXT, project TEXT, input_tokens, output_tokens,
    PRIMARY KEY(history, session_id, project)) WITHOUT ROWID`;
const ADD_TOKENS = "INSERT OR IGNORE INTO temp.plan_tokens VALUES (?, ?, ?, ?, ?)";
const TOKENS_OF = `
  SELECT input_tokens, output_tokens FROM temp.plan_tokens WHERE history = ?1 AND session_id = ?2 AND project = ?3`;
const NEXT_TOKENS = `
  SELECT session_id, project, input_tokens, output_tokens FROM temp.plan_tokens
  WHERE history = ?1 AND (session_id, project) > (?2, ?3) ORDER BY session_id, project LIMIT ?4`;
const ADD = "INSERT INTO temp.plan(session, position, row, project) VALUES (?, ?, ?, ?)";
const NEXT_SESSION = `
  SELECT session_id FROM temp.plan_sessions WHERE history = ?1 AND session_id >= ?2 ORDER BY session_id LIMIT 1`;
const SESSION = "session = (SELECT number FROM temp.plan_sessions WHERE history = ?1 AND session_id = ?2)";
const PROJECT = "(SELECT project FROM temp.plan_projects WHERE number = found.project)";
const PROJECTS = `SELECT ${PROJECT} FROM (SELECT DISTINCT project FROM temp.plan WHERE ${SESSION}) AS found`;
const COUNT = "SELECT count(*) FROM temp.plan";
const PLACES = `
  SELECT ${PROJECT}, position, row FROM temp.plan AS found
  WHERE ${SESSION} AND (position, row) > (?3, ?4)
    AND (?5 IS NULL OR project = (SELECT number FROM temp.plan_projects WHERE project = ?5))
  ORDER BY position, row LIMIT ?6`;

/** As many sessions, and projects, are known by their numbers without asking: rows that follow each other are of a few. */
const KNOWN = 1000;

/** Of one partial message, in characters: it is made in one step, and its parts may be anything. */
const MAX_COPIED = 64 * 1024 * 1024;

/** A message of the file. */
export interface IncomingMessage {
  readonly project: string;
  /** role, content, created_at, uid, metadata, status. */
  readonly row: Row;
}

/** The order in which a file's messages are read. */
export class IncomingPlan {
  readonly #staged: Database;
  readonly #histories: readonly IncomingTables[];

  constructor(staged: Database, histories: readonly IncomingTables[]) {
    this.#staged = staged;
    this.#histories = histories;
  }

  /** Finds all rows. Throws `corrupt` for one without session, project or position. */
  *make(): Steps<void> {
    this.#staged.exec(PLAN);
    this.#staged.run(TOKENS);
    const projects = new Recent(KNOWN, (project) => this.#staged.value(PROJECT_NUMBER, project));
    for (const [history, { dbName, places, tokens }] of this.#histories.entries()) {
      const sessions = new Recent(KNOWN, (session) => this.#staged.value(SESSION_NUMBER, history, session));
      for (const rows of this.#byRowId(places)) {
        for (const [row, session, project, position] of rows) {
          if (session === null || project === null || position === null) throw incomplete(dbName);
          this.#staged.run(ADD, sessions.get(String(session)), position, row, projects.get(String(project)));
        }
        yield;
      }
      for (const rows of tokens === undefined ? [] : this.#byRowId(tokens)) {
        for (const [, session, project, input, output] of rows)
          this.#staged.run(ADD_TOKENS, history, String(session), String(project), input, output);
        yield;
      }
    }
  }

  *#byRowId(sql: string): Generator<Row[], void, void> {
    let last: Row[number] = -Infinity;
    for (let rows = this.#staged.rows(sql, last); rows.length > 0; rows = this.#staged.rows(sql, last)) {
      yield rows;
      last = rows.at(-1)![0]!;
    }
  }

  get messageCount(): number {
    return Number(this.#staged.value(COUNT));
  }

  *sessionIds(history: number): Generator<string, void, void> {
    for (let least = ""; ;) {
      const found = this.#staged.value(NEXT_SESSION, history, least);
      if (found === undefined) return;
      yield String(found);
      // The next text in the order of the table.
      least = `${String(found)}\0`;
    }
  }

  tokensOf(history: number, { sessionId, project }: SessionKey): Row | undefined {
    return this.#staged.row(TOKENS_OF, history, sessionId, project);
  }

  /** Session, project and token counts, a few at a time. */
  *allTokens(history: number, size: number): Generator<Row[], void, void> {
    let rows = this.#staged.rows(NEXT_TOKENS, history, "", "", size);
    while (rows.length > 0) {
      yield rows;
      const [session, project] = rows.at(-1)!;
      rows = this.#staged.rows(NEXT_TOKENS, history, session, project, size);
    }
  }

  projectsOf(history: number, sessionId: string): string[] {
    return this.#staged.rows(PROJECTS, history, sessionId).map(([project]) => String(project));
  }

  /** The messages of a session in order, a few at a time; those of one project, or of all. */
  *messages(history: number, sessionId: string, project: string | null, size: number) {
    const { message, dbName, hasParts } = this.#histories[history]!;
    const assembled = (row: Row, id: Row[number]): Row => {
      const json = assemble(this.#staged, dbName, Number(id), row[1], MAX_COPIED);
      return json === row[1] ? row : row.with(1, seal(json));
    };
    let [position, row]: Row = [-Infinity, -Infinity];
    for (;;) {
      const places = this.#staged.rows(PLACES, history, sessionId, position, row, project, size);
      if (places.length === 0) return;
      [, position, row] = places.at(-1)! as [unknown, Row[number], Row[number]];
      yield places.map(([of, , at]): IncomingMessage => {
        const found = this.#staged.row(message, at);
        if (!found) throw incomplete(dbName);
        const isPartial = found[5] === "partial" && hasParts;
        return { project: String(of), row: isPartial ? assembled(found, at!) : found };
      });
    }
  }
}

function incomplete(dbName: string): ContextStoreError {
  return new ContextStoreError(
    "corrupt",
    `The table ${dbName}_messages of the file to import has incomplete rows. Nothing was imported.`,
  );
}
