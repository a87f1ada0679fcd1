import { connect, type Connection, SQLiteContextStore } from "../../../src/index.js";
import type { Driver } from "./driver.js";
import { PROJECT } from "./project.js";

/** More than are ever found. */
const ALL = 1_000_000;

export async function openDriver(variant: string): Promise<Driver> {
  const connection = await connect("~/.axio/chat.db", { synchronous: variant === "full" ? "full" : "normal" });
  const store = (session: string) => new SQLiteContextStore(connection, session, { project: PROJECT });
  return {
    append: (session, message) => store(session).append(message),
    load: () => Promise.reject(new Error("This driver is filled from a file.")),
    importFile: (file) => importAndIndex(connection, file),
    history: (session) => store(session).getHistory(),
    last: (session, count) => store(session).getMessages({ last: count }),
    async sessions() {
      const listed = await store("any").listSessions();
      return listed.map(({ sessionId, messageCount, preview, createdAt }) => ({
        id: sessionId,
        count: messageCount,
        preview: preview.replace(/\.\.\.$/, ""),
        createdAt: Date.parse(`${createdAt.replace(" ", "T")}Z`),
      }));
    },
    page: (count) => store("any").listSessions({ limit: count }),
    fork: (source, target) => store(source).fork({ sessionId: target }),
    async search(word) {
      const hits = await connection.search(word, { project: PROJECT, limit: ALL });
      return hits.map(({ sessionId, position }) => ({ session: sessionId, position }));
    },
    close: () => connection.close(),
  };
}

/** A search waits until the index is complete. */
async function importAndIndex(connection: Connection, file: Blob): Promise<void> {
  await connection.import(file);
  await connection.search("nothing", { project: PROJECT });
}
