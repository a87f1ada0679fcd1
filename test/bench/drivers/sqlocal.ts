import { SQLocal } from "sqlocal";
import type { Message } from "../../../src/index.js";
import { previewOf } from "../data/messages.js";
import type { Driver, Hit, ListedSession } from "./driver.js";
import * as statements from "./sql.js";

interface JsonRow {
  readonly json: string;
}

interface SessionRow extends Omit<ListedSession, "createdAt"> {
  readonly created_at: number;
}

export async function openDriver(): Promise<Driver> {
  const db = new SQLocal("chat.sqlite3");
  const write = (...list: readonly (readonly [sql: string, ...params: unknown[]])[]) =>
    db.batch(() => list.map(([sql, ...params]) => ({ sql, params })));
  const parse = (rows: readonly JsonRow[]) => rows.map(({ json }) => JSON.parse(json) as Message);
  await write(...statements.SCHEMA.map((sql) => [sql] as const));
  const { storageType } = await db.getDatabaseInfo();
  if (storageType !== "opfs") throw new Error(`SQLocal keeps the database in ${String(storageType)}, not in a file.`);
  return {
    append: (session, message) =>
      write(
        [statements.COUNT_MESSAGE, session, Date.now(), previewOf(message)],
        [statements.ADD_MESSAGE, JSON.stringify(message), session],
      ),
    async load(loaded) {
      await write(
        ...loaded.flatMap(({ id, createdAt, messages }) => [
          [statements.LOAD_SESSION, id, createdAt, messages.length, previewOf(messages[0]!)] as const,
          ...messages.map((message, index) => [statements.LOAD_MESSAGE, id, index, JSON.stringify(message)] as const),
        ]),
      );
    },
    history: async (session) => parse(await db.sql<JsonRow>(statements.HISTORY, session)),
    last: async (session, count) => parse(await db.sql<JsonRow>(statements.LAST, session, count)).toReversed(),
    async sessions() {
      const rows = await db.sql<SessionRow>(statements.LIST);
      return rows.map(({ id, count, preview, created_at: createdAt }) => ({ id, count, preview, createdAt }));
    },
    fork: (source, target) =>
      write([statements.FORK_SESSION, target, Date.now(), source], [statements.FORK_MESSAGES, target, source]),
    search: (word) => db.sql<Hit & Record<string, unknown>>(statements.SEARCH, word),
    close: () => db.destroy(),
  };
}
