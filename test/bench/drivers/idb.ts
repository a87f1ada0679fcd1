import { type DBSchema, openDB } from "idb";
import type { Message } from "../../../src/index.js";
import { previewOf } from "../data/messages.js";
import type { Driver, ListedSession } from "./driver.js";

interface Schema extends DBSchema {
  messages: {
    key: number;
    value: { session: string; position: number; message: Message };
    indexes: { place: [string, number] };
  };
  sessions: { key: string; value: ListedSession; indexes: { created: number } };
}

const BOTH = ["messages", "sessions"] as const;

function range(session: string, from = 0): IDBKeyRange {
  return IDBKeyRange.bound([session, from], [session, Infinity]);
}

export async function openDriver(): Promise<Driver> {
  const db = await openDB<Schema>("chat", 1, {
    upgrade(made) {
      made.createObjectStore("messages", { autoIncrement: true }).createIndex("place", ["session", "position"]);
      made.createObjectStore("sessions", { keyPath: "id" }).createIndex("created", "createdAt");
    },
  });
  const read = async (session: string, from?: number) =>
    (await db.getAllFromIndex("messages", "place", range(session, from))).map(({ message }) => message);
  return {
    async append(session, message) {
      const tx = db.transaction(BOTH, "readwrite");
      const sessions = tx.objectStore("sessions");
      const found = await sessions.get(session);
      const position = found?.count ?? 0;
      const preview = found?.preview ?? previewOf(message);
      void tx.objectStore("messages").add({ session, position, message });
      void sessions.put({ id: session, createdAt: found?.createdAt ?? Date.now(), count: position + 1, preview });
      await tx.done;
    },
    async load(loaded) {
      const tx = db.transaction(BOTH, "readwrite");
      for (const { id, createdAt, messages } of loaded) {
        for (const [position, message] of messages.entries())
          void tx.objectStore("messages").add({ session: id, position, message });
        const preview = previewOf(messages[0]!);
        void tx.objectStore("sessions").put({ id, createdAt, count: messages.length, preview });
      }
      await tx.done;
    },
    history: (session) => read(session),
    async last(session, count) {
      const found = await db.get("sessions", session);
      return read(session, Math.max(0, (found?.count ?? 0) - count));
    },
    sessions: async () => (await db.getAllFromIndex("sessions", "created")).toReversed(),
    async fork(source, target) {
      const tx = db.transaction(BOTH, "readwrite");
      const messages = tx.objectStore("messages");
      const found = await tx.objectStore("sessions").get(source);
      for (const row of await messages.index("place").getAll(range(source)))
        void messages.add({ ...row, session: target });
      if (found) void tx.objectStore("sessions").put({ ...found, id: target, createdAt: Date.now() });
      await tx.done;
    },
    async search(word) {
      const hits = [];
      let cursor = await db.transaction("messages").store.openCursor();
      for (; cursor; cursor = await cursor.continue()) {
        const { session, position, message } = cursor.value;
        if (message.content.some((block) => block.type === "text" && block.text.includes(word)))
          hits.push({ session, position });
      }
      return hits;
    },
    close: async () => db.close(),
  };
}
