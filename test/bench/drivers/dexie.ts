import { Dexie, type Table } from "dexie";
import type { Message } from "../../../src/index.js";
import { previewOf } from "../data/messages.js";
import type { Driver, Hit, ListedSession } from "./driver.js";

interface Row {
  readonly session: string;
  readonly position: number;
  readonly message: Message;
}

class Chat extends Dexie {
  declare readonly messages: Table<Row, number>;
  declare readonly sessions: Table<ListedSession, string>;

  constructor() {
    super("chat");
    this.version(1).stores({ messages: "++, [session+position]", sessions: "id, createdAt" });
  }

  of(session: string, from = 0) {
    return this.messages.where("[session+position]").between([session, from], [session, Dexie.maxKey]);
  }

  write<Result>(change: () => Promise<Result>): Promise<Result> {
    return this.transaction("rw", this.messages, this.sessions, change);
  }
}

export async function openDriver(): Promise<Driver> {
  const db = new Chat();
  await db.open();
  const read = async (session: string, from?: number) =>
    (await db.of(session, from).toArray()).map(({ message }) => message);
  return {
    append: (session, message) =>
      db.write(async () => {
        const found = await db.sessions.get(session);
        const position = found?.count ?? 0;
        const preview = found?.preview ?? previewOf(message);
        const createdAt = found?.createdAt ?? Date.now();
        await Promise.all([
          db.messages.add({ session, position, message }),
          db.sessions.put({ id: session, createdAt, count: position + 1, preview }),
        ]);
      }),
    load: (loaded) =>
      db.write(async () => {
        const rows = loaded.flatMap(({ id, messages }) =>
          messages.map((message, position) => ({ session: id, position, message })),
        );
        await db.messages.bulkAdd(rows);
        await db.sessions.bulkPut(
          loaded.map(({ id, createdAt, messages }) => {
            return { id, createdAt, count: messages.length, preview: previewOf(messages[0]!) };
          }),
        );
      }),
    history: (session) => read(session),
    async last(session, count) {
      const found = await db.sessions.get(session);
      return read(session, Math.max(0, (found?.count ?? 0) - count));
    },
    sessions: async () => (await db.sessions.orderBy("createdAt").toArray()).toReversed(),
    fork: (source, target) =>
      db.write(async () => {
        const [found, rows] = await Promise.all([db.sessions.get(source), db.of(source).toArray()]);
        await db.messages.bulkAdd(rows.map(({ position, message }) => ({ session: target, position, message })));
        if (found) await db.sessions.put({ ...found, id: target, createdAt: Date.now() });
      }),
    async search(word) {
      const hits: Hit[] = [];
      await db.messages.each(({ session, position, message }) => {
        if (message.content.some((block) => block.type === "text" && block.text.includes(word)))
          hits.push({ session, position });
      });
      return hits;
    },
    close: async () => db.close(),
  };
}
