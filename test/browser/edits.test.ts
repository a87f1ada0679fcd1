import { expect, test } from "vitest";
import { type ContextChange, type Message, SQLiteContextStore } from "../../src/index.js";
import { openDatabase, openStore } from "../fixtures/databases.js";
import { assistant, blockToDict, toDict, toolConversation, user, words } from "../fixtures/messages.js";
import { appendByPython, type PythonView, readByPython } from "../fixtures/python.js";

function rowsOf({ rows }: PythonView, sessionId: string) {
  return rows.filter(({ session_id }) => session_id === sessionId);
}

test("rows outside of an edit keep their bytes and times in the file", async () => {
  const connection = await openDatabase();
  const store = new SQLiteContextStore(connection, "s", { project: "/home/a" });
  await store.appendAll(toolConversation());
  const before = rowsOf(await readByPython(await connection.export()), "s");
  await store.splice(3, 2, [user("x".repeat(2000))]);
  const after = rowsOf(await readByPython(await connection.export()), "s");
  const stored = (row: (typeof after)[number]) => [row.role, row.content, row.created_at];
  expect(after.slice(0, 3).map(stored)).toEqual(before.slice(0, 3).map(stored));
  expect(after.slice(4).map(stored)).toEqual(before.slice(5).map(stored));
  expect(after[3]!.content).toMatch(/^gzip:/);
});

test("a message that takes another's place takes its time, and the session its place in Python's list and ours", async () => {
  const old = await openDatabase();
  const file = await appendByPython(
    await old.export(),
    toolConversation().map(({ role, content }) => {
      return { session_id: "s", project: "/home/a", role, content: content.map(blockToDict) };
    }),
  );
  const connection = await openDatabase();
  await connection.import(file);
  const store = new SQLiteContextStore(connection, "s", { project: "/home/a" });
  const [info] = await store.listSessions();
  await store.replaceMessage(0, user("edited"));
  await store.replaceHistory([user("a summary"), assistant("noted")]);
  const [edited] = await store.listSessions();
  expect(edited).toMatchObject({ createdAt: info!.createdAt, preview: "a summary", messageCount: 2 });
  const { sessions } = await readByPython(await connection.export());
  expect(sessions["/home/a"]).toMatchObject([{ created_at: info!.createdAt, preview: "a summary", message_count: 2 }]);
});

test("Python reads what was edited and appends to it, and the browser reads that", async () => {
  const connection = await openDatabase();
  const projects = ["/home/a", "/home/b"];
  const [store, sibling] = projects.map((project) => new SQLiteContextStore(connection, "s", { project }));
  for (const message of toolConversation()) await Promise.all([store!.append(message), sibling!.append(message)]);
  await store!.splice(2, 2, [assistant("without a tool")]);
  await sibling!.truncate(5);
  await store!.replaceMessage(0, user("a new beginning"));
  await sibling!.replaceMessage(4, assistant("One!"));
  const fork = await store!.fork({ upTo: 3, sessionId: "fork" });
  await fork.replaceHistory([user("the fork")]);

  const file = await connection.export();
  const view = await readByPython(file);
  expect(view.integrity).toEqual(["ok"]);
  expect(rowsOf(view, "s").map(({ position }) => position)).toEqual(rowsOf(view, "s").map((_, place) => place));
  for (const each of [store!, sibling!, fork]) {
    const rows = rowsOf(view, each.sessionId).filter(({ project }) => project === each.project);
    const read = rows.map(({ role, json }) => ({ role, content: JSON.parse(json!) as unknown }));
    expect(read).toEqual((await each.getHistory()).map(toDict));
  }
  const more = [store!, sibling!, fork].map(({ sessionId, project }) => ({
    session_id: sessionId,
    project,
    role: "user",
    content: user(`from Python to ${project}`).content,
  }));
  const appended = await appendByPython(file, more);
  expect(await connection.import(appended)).toMatchObject({ sessionsExtended: 3, sessionsForked: 0 });
  for (const each of [store!, sibling!, fork])
    expect(words(await each.getMessages({ last: 1 }))).toEqual([`from Python to ${each.project}`]);
  expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
});

test("forks of forks keep their lineage through edits, an export and an import", async () => {
  const connection = await openDatabase();
  const root = new SQLiteContextStore(connection, "root");
  await root.appendAll(toolConversation());
  const child = await root.fork({ upTo: 6, sessionId: "child" });
  await child.append(user("in the child"));
  const grandchild = await child.fork({ sessionId: "grandchild" });
  await grandchild.truncate(5);
  const last = await grandchild.fork({ upTo: 3, sessionId: "last" });
  await last.replaceMessage(2, assistant("another way"));
  await child.splice(0, 2, [user("summary")]);
  await root.replaceHistory([user("afresh")]);
  const expected: Record<string, unknown> = {
    root: [undefined, undefined, 1],
    child: ["root", 6, 6],
    grandchild: ["child", 7, 5],
    last: ["grandchild", 3, 3],
  };
  const lineage = async (store: SQLiteContextStore) =>
    Object.fromEntries(
      (await store.listSessions()).map(({ sessionId, parentSessionId, forkedAt, messageCount }) => {
        return [sessionId, [parentSessionId, forkedAt, messageCount]];
      }),
    );
  expect(await lineage(root)).toEqual(expected);
  const copy = await openDatabase();
  await copy.import(await connection.export());
  expect(await lineage(new SQLiteContextStore(copy, "any"))).toEqual(expected);
  expect(words(await last.getHistory()).at(-1)).toBe("another way");
  expect(await grandchild.getHistory()).toStrictEqual(toolConversation().slice(0, 5));
});

test("a fork is previewed by what it took, and is of one moment", async () => {
  const store = new SQLiteContextStore(await openDatabase(), "s");
  await store.appendAll([{ ...user("be brief"), role: "system" }, assistant("Hello!"), user("a question")]);
  const forks = [await store.fork(), await store.fork({ upTo: 2 })];
  await store.replaceMessage(2, user("another question"));
  for (const [fork, preview] of [
    [forks[0]!, "a question"],
    [forks[1]!, "(no preview)"],
  ] as const) {
    const info = (await store.listSessions()).find(({ sessionId }) => sessionId === fork.sessionId)!;
    expect(info.preview).toBe(preview);
    const times = (await fork.getMessages()).map(({ createdAt }) => createdAt);
    expect(new Set([...times, info.createdAt, info.updatedAt]).size).toBe(1);
  }
  expect(await store.fork({ upTo: 0 }).then((fork) => fork.getHistory())).toEqual([]);
});

test("a fork has the other session's token counts, whatever its id had", async () => {
  const connection = await openDatabase();
  const [counted, uncounted] = ["counted", "uncounted"].map((id) => new SQLiteContextStore(connection, id));
  for (const store of [counted!, uncounted!]) await store.append(user("a message"));
  await counted!.setContextTokens(100, 20);
  for (const [store, tokens] of [
    [counted!, { inputTokens: 100, outputTokens: 20 }],
    [uncounted!, { inputTokens: 0, outputTokens: 0 }],
  ] as const) {
    const sessionId = `fork of ${store.sessionId}`;
    await new SQLiteContextStore(connection, sessionId).setContextTokens(5, 6);
    expect(await (await store.fork({ sessionId })).getContextTokens()).toEqual(tokens);
  }
});

test("lists and options that structured clone refuses are read before they leave", async () => {
  const store = new SQLiteContextStore(await openDatabase(), "s");
  const { id } = await store.append(user("first"));
  const expectIds = new Proxy([id], {});
  const range = { last: 1, onClick: () => {} };
  const [, , read] = await Promise.all([
    store.append(user("second")),
    store.splice(0, 1, [user("edited")], { expectIds }),
    store.getMessages(range),
  ]);
  expect(words(read)).toEqual(["second"]);
  expect(words(await store.getHistory())).toEqual(["edited", "second"]);
});

test("a listener may begin to listen anew at each change, and hears of each once", async () => {
  const store = new SQLiteContextStore(await openDatabase(), "s");
  const heard: number[] = [];
  let stop = () => {};
  const listen = () => {
    stop = store.subscribe(({ position }) => {
      heard.push(position!);
      stop();
      listen();
    });
  };
  listen();
  for (const text of ["one", "two"]) await store.append(user(text));
  await expect.poll(() => heard).toEqual([0, 1]);
  stop();
});

test("listeners hear of each edit, of which kind, and from where on", async () => {
  const store = await openStore({ storage: "memory" });
  const heard: ContextChange[] = [];
  const cleared = new Promise<void>((resolve) => {
    store.subscribe((change) => (change.kind === "clear" ? resolve() : heard.push(change)));
  });
  await store.appendAll(toolConversation());
  await store.replaceMessage(3, user("x"));
  await store.splice(2, 1, [user("y")]);
  await store.truncate(4);
  // Nothing to do: nothing to hear.
  await store.truncate(4);
  await store.splice(1, 0, []);
  await expect(store.truncate(2, { expectId: 1_000_000 })).rejects.toMatchObject({ code: "conflict" });
  await store.replaceHistory([user("z")]);
  await store.clear();
  await cleared;
  expect(heard.map(({ kind, position }) => [kind, position])).toEqual([
    ["append", 0],
    ["update", 3],
    ["replace", 2],
    ["truncate", 4],
    ["replace", 0],
  ]);
  expect(heard.every(({ sessionId, local }) => sessionId === "session" && local)).toBe(true);
});

test("edits made at once are carried out in the order of the calls", async () => {
  const store = await openStore({ storage: "memory" });
  const texts: string[] = [];
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < 60; i++) {
    const message: Message = user(String(i));
    if (i % 3 === 0) {
      calls.push(store.append(message));
      texts.push(String(i));
    } else {
      const start = (i * 7) % texts.length;
      calls.push(store.splice(start, i % 2, [message, message]));
      texts.splice(start, i % 2, String(i), String(i));
    }
  }
  await Promise.all(calls);
  expect(words(await store.getHistory())).toEqual(texts);
});
