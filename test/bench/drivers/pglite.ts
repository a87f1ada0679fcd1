import { PGliteWorker } from "@electric-sql/pglite/worker";
import type { Message } from "../../../src/index.js";
import { previewOf, type Session } from "../data/messages.js";
import type { Driver, Hit, ListedSession } from "./driver.js";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sessions(
    id text PRIMARY KEY, created_at bigint NOT NULL, count int NOT NULL, preview text);
  CREATE INDEX IF NOT EXISTS sessions_created ON sessions(created_at);
  CREATE TABLE IF NOT EXISTS messages(
    id bigserial PRIMARY KEY, session text NOT NULL, position int NOT NULL, message json NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS messages_place ON messages(session, position);`;
// One statement is one transaction with one round trip.
const APPEND = `
  WITH counted AS (
    INSERT INTO sessions VALUES ($1, $2, 1, $3)
    ON CONFLICT(id) DO UPDATE SET count = sessions.count + 1, preview = coalesce(sessions.preview, excluded.preview)
    RETURNING count)
  INSERT INTO messages(session, position, message) SELECT $1, count - 1, $4 FROM counted`;
const FORK = `
  WITH copied AS (
    INSERT INTO sessions SELECT $2, $3, count, preview FROM sessions WHERE id = $1 RETURNING id)
  INSERT INTO messages(session, position, message)
  SELECT copied.id, position, message FROM messages, copied WHERE session = $1 ORDER BY position`;
const LOAD = `
  INSERT INTO messages(session, position, message)
  SELECT $1, $2::int + number - 1, loaded FROM unnest($3::json[]) WITH ORDINALITY AS rows(loaded, number)`;
const LOADED_AT_ONCE = 500;

interface MessageRow {
  readonly message: Message;
}

export async function openDriver(): Promise<Driver> {
  const worker = new Worker(new URL("./pglite-worker.ts", import.meta.url), { type: "module" });
  const db = await PGliteWorker.create(worker);
  await db.exec(SCHEMA);
  const read = async (sql: string, ...params: readonly unknown[]) =>
    (await db.query<MessageRow>(sql, [...params])).rows.map(({ message }) => message);
  return {
    append: (session, message) => db.query(APPEND, [session, Date.now(), previewOf(message), message]),
    load: (sessions) => load(db, sessions),
    history: (session) => read("SELECT message FROM messages WHERE session = $1 ORDER BY position", session),
    last: async (session, count) =>
      (
        await read("SELECT message FROM messages WHERE session = $1 ORDER BY position DESC LIMIT $2", session, count)
      ).toReversed(),
    async sessions() {
      const { rows } = await db.query<Omit<ListedSession, "createdAt"> & { readonly createdAt: string }>(
        'SELECT id, created_at::text AS "createdAt", count, preview FROM sessions ORDER BY sessions.created_at DESC',
      );
      return rows.map(({ id, createdAt, count, preview }) => ({ id, createdAt: Number(createdAt), count, preview }));
    },
    fork: (source, target) => db.query(FORK, [source, target, Date.now()]),
    search: async (word) =>
      (await db.query<Hit>("SELECT session, position FROM messages WHERE message::text LIKE '%' || $1 || '%'", [word]))
        .rows,
    close: () => db.close(),
  };
}

async function load(db: PGliteWorker, sessions: readonly Session[]): Promise<void> {
  await db.transaction(async (tx) => {
    for (const { id, createdAt, messages } of sessions) {
      await tx.query("INSERT INTO sessions VALUES ($1, $2, $3, $4)", [
        id,
        createdAt,
        messages.length,
        previewOf(messages[0]!),
      ]);
      for (let at = 0; at < messages.length; at += LOADED_AT_ONCE)
        await tx.query(LOAD, [id, at, messages.slice(at, at + LOADED_AT_ONCE)]);
    }
  });
}
