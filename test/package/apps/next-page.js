"use client";
import { connect, SQLiteContextStore } from "axio-context-opfs";
import { useEffect, useState } from "react";

async function textsOf(store) {
  const history = await store.getHistory();
  return JSON.stringify(history.map(({ content }) => content[0].text));
}

export default function Page() {
  const [store, setStore] = useState();
  const [shown, setShown] = useState("");

  async function open(connecting) {
    try {
      const opened = new SQLiteContextStore(await connecting, "s1");
      setShown(await textsOf(opened));
      setStore(opened);
    } catch (error) {
      setShown(String(error));
    }
  }

  async function append() {
    await store.append({ role: "user", content: [{ type: "text", text: "hello" }] });
    setShown(await textsOf(store));
  }

  useEffect(() => {
    const connecting = connect("~/.axio/chat.db");
    void open(connecting);
    return () => void connecting.then((connection) => connection.close());
  }, []);

  return (
    <>
      <button disabled={!store} onClick={() => void append()}>
        Append
      </button>
      <output>{shown}</output>
    </>
  );
}
