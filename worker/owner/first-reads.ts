import type { Reply } from "../../src/protocol.js";
import { success } from "../failure.js";
import { messages } from "../operations/messages.js";
import { sessions } from "../operations/sessions.js";
import type { OwnerRequest } from "../requests.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";
import { dbNames } from "../operations/schema.js";

/** So much of a list, and of a conversation. */
const SHOWN = 50;

const terms = { full: false, busyTimeout: 0 };

/**
 * What a chat most likely asks for first, and the answers, one at a time: the end of the conversation that was
 * written to last, and the list beside it.
 */
export function* firstReads(database: Database): Generator<readonly [OwnerRequest, Reply]> {
  const [dbName] = dbNames(database);
  const last = dbName === undefined ? undefined : database.row(tables(dbName).lastSession);
  if (dbName === undefined || last === undefined) return;
  const [project, sessionId] = last.map(String) as [string, string];

  const end = { session: { dbName, project, sessionId }, range: { last: SHOWN } };
  yield [{ seq: 0, name: "messages", args: end, terms }, success(messages(database, end), database.version)];

  const list = { dbName, project, range: { orderBy: "created", limit: SHOWN } } as const;
  yield [
    { seq: 0, name: "sessions", args: list, terms },
    success(sessions(database, dbName, project, list.range), database.version),
  ];
}
