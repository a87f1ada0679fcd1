import * as SQLite from "@journeyapps/wa-sqlite";
import makeModule from "@journeyapps/wa-sqlite/dist/wa-sqlite.mjs";
import { AccessHandlePoolVFS } from "@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js";
import * as statements from "./sql.js";
import { answerCalls } from "./worker-calls.js";

const PRAGMAS = ["locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=NORMAL"];

interface Loaded {
  readonly id: string;
  readonly createdAt: number;
  readonly preview: string | null;
  readonly json: readonly string[];
}

type Value = string | number | null;

const prepared = new Map<string, number>();
let api: SQLiteAPI;
let db: number;

async function prepare(sql: string): Promise<number> {
  let statement = prepared.get(sql);
  if (statement !== undefined) return statement;
  for await (statement of api.statements(db, sql, { unscoped: true })) break;
  prepared.set(sql, statement!);
  return statement!;
}

async function run(sql: string, ...values: readonly Value[]): Promise<Value[][]> {
  const statement = await prepare(sql);
  api.bind_collection(statement, [...values]);
  const rows: Value[][] = [];
  try {
    while ((await api.step(statement)) === SQLite.SQLITE_ROW) rows.push(api.row(statement) as Value[]);
  } finally {
    await api.reset(statement);
  }
  return rows;
}

async function inTransaction(change: () => Promise<void>): Promise<void> {
  await run("BEGIN");
  try {
    await change();
    await run("COMMIT");
  } catch (error) {
    await run("ROLLBACK");
    throw error;
  }
}

function toArray(rows: readonly Value[][]): string {
  return `[${rows.map(([json]) => json).join(",")}]`;
}

answerCalls({
  async open() {
    const module = await makeModule();
    api = SQLite.Factory(module);
    api.vfs_register(await AccessHandlePoolVFS.create("chat", module), true);
    db = await api.open_v2("chat.sqlite3");
    for (const pragma of PRAGMAS) await api.exec(db, `PRAGMA ${pragma}`);
    for (const sql of statements.SCHEMA) await api.exec(db, sql);
  },
  append: (session: string, json: string, preview: string | null) =>
    inTransaction(async () => {
      await run(statements.COUNT_MESSAGE, session, Date.now(), preview);
      await run(statements.ADD_MESSAGE, json, session);
    }),
  load: (sessions: readonly Loaded[]) =>
    inTransaction(async () => {
      for (const { id, createdAt, preview, json } of sessions) {
        await run(statements.LOAD_SESSION, id, createdAt, json.length, preview);
        for (const [position, message] of json.entries()) await run(statements.LOAD_MESSAGE, id, position, message);
      }
    }),
  history: async (session: string) => toArray(await run(statements.HISTORY, session)),
  last: async (session: string, count: number) => toArray((await run(statements.LAST, session, count)).toReversed()),
  async sessions() {
    const rows = await run(statements.LIST);
    return rows.map(([id, createdAt, count, preview]) => ({ id, createdAt, count, preview }));
  },
  fork: (source: string, target: string) =>
    inTransaction(async () => {
      await run(statements.FORK_SESSION, target, Date.now(), source);
      await run(statements.FORK_MESSAGES, target, source);
    }),
  async search(word: string) {
    return (await run(statements.SEARCH, word)).map(([session, position]) => ({ session, position }));
  },
  async close() {
    for (const statement of prepared.values()) await api.finalize(statement);
    await api.close(db);
  },
});
