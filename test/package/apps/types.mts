import { connect, type Connection, type Message, SQLiteContextStore } from "axio-context-opfs";

const connection: Connection = await connect("~/.axio/chat.db");
const store = new SQLiteContextStore(connection, "s1");
await store.append({ role: "user", content: [{ type: "text", text: "hello" }] });
// @ts-expect-error: there is no such role
await store.append({ role: "tool", content: [] });
// @ts-expect-error: a path is text
await connect(1);
export const history: Message[] = await store.getHistory();
