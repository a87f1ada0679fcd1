import { type Connection, SQLiteContextStore } from "../../../src/index.js";
import { type CrowdRecord, type CrowdWork, type HeardAppend, roleOf, textOf } from "../operations.js";
import { readRows } from "./perform.js";

/** Notes each append that the tab is told of. */
export function hearCrowd(connection: Connection): HeardAppend[] {
  const heard: HeardAppend[] = [];
  connection.subscribe(({ kind, sessionId, position, commit }) => {
    if (kind === "append") heard.push({ session: sessionId!, position: position!, commit, at: now() });
  });
  return heard;
}

/** By the clock that the tabs share. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Appends messages, half of them to the shared session and half to the tab's own, with other calls between. */
export async function appendInCrowd(
  connection: Connection,
  tab: number,
  { each, atOnce, rest }: CrowdWork,
): Promise<CrowdRecord> {
  const stores = ["shared", `own-${tab}`].map((session) => new SQLiteContextStore(connection, session));
  const record: CrowdRecord = { appended: [], tokens: [], reads: [], forks: [] };
  for (let number = 0; number < each; number += atOnce) {
    const size = Math.min(atOnce, each - number);
    const calls = Array.from({ length: size }, (_, place) => {
      const key = `${tab}-${number + place}`;
      return append(stores[(number + place) % 2]!, key, record);
    });
    const store = stores[(number / atOnce) % 2]!;
    await Promise.all([
      ...calls,
      addTokens(store, tab + number, record),
      read(store, record),
      fork(store, tab + number, record),
    ]);
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  }
  return record;
}

async function append(store: SQLiteContextStore, key: string, { appended }: CrowdRecord): Promise<void> {
  const message = { role: roleOf(key), content: [{ type: "text", text: textOf(key) }] } as const;
  const { id, position } = await store.append(message, { uid: key });
  appended.push({ session: store.sessionId, key, id, position, at: now() });
}

async function addTokens(store: SQLiteContextStore, amount: number, { tokens }: CrowdRecord): Promise<void> {
  await store.addContextTokens(amount, 2 * amount + 1);
  tokens.push({ session: store.sessionId, input: amount, output: 2 * amount + 1 });
}

async function read(store: SQLiteContextStore, { reads }: CrowdRecord): Promise<void> {
  reads.push({ session: store.sessionId, rows: await readRows(store) });
}

async function fork(store: SQLiteContextStore, chance: number, { forks }: CrowdRecord): Promise<void> {
  if (chance % 5 > 0) return;
  const { sessionId } = await store.fork();
  forks.push({ session: sessionId, of: store.sessionId });
}
