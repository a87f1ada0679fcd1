import { connect, SQLiteContextStore } from "axio-context-opfs";

const output = document.querySelector("output");

async function append(store) {
  await store.append({ role: "user", content: [{ type: "text", text: "hello" }] });
  await show(store);
}

async function show(store) {
  const history = await store.getHistory();
  output.textContent = JSON.stringify(history.map(({ content }) => content[0].text));
}

try {
  const connection = await connect("~/.axio/chat.db");
  const store = new SQLiteContextStore(connection, "s1");
  document.querySelector("button").addEventListener("click", () => void append(store));
  await show(store);
} catch (error) {
  output.textContent = String(error);
}
