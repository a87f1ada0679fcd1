import type { Page } from "@playwright/test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "vite";
import { expect, test as base } from "./fixtures.js";
import { assembly } from "../tools/build/assembly.js";

// An application in development: React under StrictMode, and Vite's dev server, which replaces modules in the page.

const REPOSITORY = join(import.meta.dirname, "../..");

/** The module that connects. `library` is where it takes `connect` from; each mount adds the version's name. */
const history = (version: string, library: string) => `
  import { connect } from "${REPOSITORY}/src/${library}";
  import { SQLiteContextStore } from "${REPOSITORY}/src/index.ts";
  export const version = "${version}";
  export const openHistory = () => connect("chat.db");
  export async function readHistory(connection) {
    const store = new SQLiteContextStore(connection, "session");
    await store.append({ role: "user", content: [{ type: "text", text: "${version}" }] }, { uid: "${version}" });
    return (await store.getHistory()).map(({ content }) => content[0].text);
  }
`;

const MAIN = `
  import { createElement, StrictMode, useEffect, useState } from "react";
  import { createRoot } from "react-dom/client";
  import * as first from "./history.js";

  function History({ openHistory, readHistory }) {
    const [texts, setTexts] = useState([]);
    useEffect(() => {
      const opening = openHistory();
      let isGone = false;
      const show = async () => {
        const connection = await opening;
        if (!isGone) setTexts(await readHistory(connection));
      };
      show().catch((error) => isGone || setTexts([String(error)]));
      return () => {
        isGone = true;
        opening.then((connection) => connection.close());
      };
    }, [openHistory]);
    return createElement("p", null, texts.join(" "));
  }

  const root = createRoot(document.querySelector("#root"));
  const render = ({ version, ...history }) => {
    globalThis.version = version;
    root.render(createElement(StrictMode, null, createElement(History, history)));
  };
  render(first);
  globalThis.unmount = () => root.unmount();
  import.meta.hot.accept("./history.js", render);
`;

interface App {
  readonly url: string;
  /** Saves the module that connects, which the dev server then replaces in pages. */
  save(version: string, library: string): Promise<void>;
}

/** Saves the module, again where the dev server has not noticed, until the page has it. */
async function replace(page: Page, app: App, version: string, library: string): Promise<void> {
  await expect(async () => {
    await app.save(version, library);
    const isThere = (name: string) => Reflect.get(globalThis, "version") === name;
    await page.waitForFunction(isThere, version, { timeout: 5000 });
  }).toPass();
}

const test = base.extend<{ readonly app: App }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads off the pattern which fixtures are needed.
  app: async ({}, use, { testId }) => {
    // Not in test-results, which Vite does not watch.
    const root = join(REPOSITORY, "dist", `app-${testId}`);
    const save: App["save"] = (version, library) => writeFile(join(root, "history.js"), history(version, library));
    await mkdir(root, { recursive: true });
    await writeFile(join(root, "main.js"), MAIN);
    await writeFile(join(root, "index.html"), '<div id="root"></div><script type="module" src="/main.js"></script>');
    await save("first", "index.ts");
    const server = await createServer({
      configFile: false,
      root,
      logLevel: "error",
      cacheDir: join(root, "cache"),
      plugins: [assembly()],
      worker: { format: "es" },
      optimizeDeps: {
        exclude: ["@sqlite.org/sqlite-wasm"],
        include: ["comlink", "fflate", "react", "react-dom/client"],
      },
      server: { port: 0, host: "127.0.0.1", fs: { allow: [REPOSITORY] } },
    });
    await server.listen();
    await use({ url: `http://127.0.0.1:${(server.httpServer!.address() as AddressInfo).port}/`, save });
    await server.close();
    await rm(root, { recursive: true, force: true });
  },
});

/** The locks of the package, held or waited for. */
function locks(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { held = [], pending = [] } = await navigator.locks.query();
    return [...held, ...pending].filter(({ name }) => name?.startsWith("axio-context-opfs")).length;
  });
}

test("one worker serves a React component under StrictMode, through hot reloads of the module that connects and of the library", async ({
  context,
  app,
}) => {
  const page = await context.newPage();
  await page.goto(app.url);
  await page.evaluate(() => Object.assign(globalThis, { isFirstLoad: true }));
  const shown = page.locator("p");
  await expect(shown).toHaveText("first");
  let texts = "first";
  for (const [version, library] of [
    ["second", "index.ts"],
    ["third", "index.ts"],
    // Evaluated anew, as when the library itself is replaced.
    ["fourth", "connect.ts?evaluated=again"],
    ["fifth", "connect.ts?evaluated=once-more"],
  ] as const) {
    await replace(page, app, version, library);
    texts += ` ${version}`;
    await expect(shown).toHaveText(texts);
    await expect.poll(() => page.workers()).toHaveLength(1);
    // The owner's, the worker's sign of life, and the page's wait for it.
    await expect.poll(() => locks(page)).toBe(3);
  }
  expect(await page.evaluate(() => "isFirstLoad" in globalThis)).toBe(true);
  await page.evaluate(() => (globalThis as unknown as { unmount(): void }).unmount());
  await expect.poll(() => page.workers()).toHaveLength(0);
  await expect.poll(() => locks(page)).toBe(0);
  const next = await context.newPage();
  await next.goto(app.url);
  await expect(next.locator("p")).toHaveText(texts);
});
