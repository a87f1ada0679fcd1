import type { Unsealer } from "../answers/unsealer.js";
import { success } from "../failure.js";
import { messages } from "../operations/messages.js";
import { dbNames } from "../operations/schema.js";
import { sessions } from "../operations/sessions.js";
import type { OwnerRequest } from "../requests.js";
import type { Steps } from "../slices.js";
import { tables } from "../sql/tables.js";
import type { Database } from "../sqlite/database.js";

/** So much of a list, and of a conversation. */
const SHOWN = 50;

const terms = { full: false, busyTimeout: 0 };

/**
 * Reads what a chat most likely asks for first: the end of the conversation that was written to last, and the list beside
 * it, which is only to be read faster the next time.
 */
export function* firstReads(database: Database, unsealer: Unsealer): Steps<void> {
  const [dbName] = dbNames(database);
  const last = dbName === undefined ? undefined : database.row(tables(dbName).lastSession);
  if (dbName === undefined || last === undefined) return;
  const [project, sessionId] = last.map(String) as [string, string];
  const args = { session: { dbName, project, sessionId }, range: { last: SHOWN } };
  const request: OwnerRequest<"messages"> = { seq: 0, name: "messages", args, terms };
  const reply = success(messages(database, args));
  yield;
  void unsealer.unseal(request, reply);
  yield;
  sessions(database, dbName, project, { orderBy: "created", limit: SHOWN });
}
