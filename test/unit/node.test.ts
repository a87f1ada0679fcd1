import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { rejection } from "../fixtures/errors.js";

// In Node, as on a server that renders the page.

test("importing the package does nothing, and throws nothing", async () => {
  const before = Object.getOwnPropertySymbols(globalThis).length + Object.keys(globalThis).length;
  const exported = await import("../../src/index.js");
  expect(Object.getOwnPropertySymbols(globalThis).length + Object.keys(globalThis).length).toBe(before);
  expect(Object.keys(exported)).toEqual(
    expect.arrayContaining([
      "connect",
      "ContextStore",
      "MemoryContextStore",
      "SQLiteContextStore",
      "ContextStoreError",
    ]),
  );
});

test.each(["opfs", "memory"] as const)("connect to storage %s says that there is no browser", async (storage) => {
  const { connect } = await import("../../src/index.js");
  const { message } = await rejection(connect("chat.db", { storage }), "unsupported");
  expect(message).toContain("no browser page");
});

test("connect looks at its arguments first", async () => {
  const { connect } = await import("../../src/index.js");
  await expect(connect("../chat.db")).rejects.toMatchObject({ code: "invalid-argument" });
});

test("the store in memory works", async () => {
  const { ContextStore, MemoryContextStore } = await import("../../src/index.js");
  const store = new MemoryContextStore([{ role: "user", content: [{ type: "text", text: "hello" }] }]);
  const copy = await ContextStore.fromContext(store);
  expect(await copy.getHistory()).toEqual(await store.getHistory());
});

test("a process that has imported the package ends by itself", async () => {
  const index = new URL("../../src/index.ts", import.meta.url);
  const script = `
    const { createServer } = await import("vite");
    const server = await createServer({ configFile: false, logLevel: "error", server: { middlewareMode: true, ws: false } });
    const { connect } = await server.ssrLoadModule(${JSON.stringify(index.pathname)});
    const error = await connect("chat.db").catch((reason) => reason);
    await server.close();
    console.log(error.code);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    timeout: 15_000,
  });
  expect(stdout.trim()).toBe("unsupported");
});
