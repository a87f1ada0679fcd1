import { chromium as engine, expect, type Page, test } from "@playwright/test";
import { join } from "node:path";
import { build, createServer } from "vite";
import { chromium } from "../browsers.js";
import {
  buildWithWebpack,
  firstUrl,
  installNext,
  installVite7,
  makeApp,
  packPackage,
  removeFolder,
  type Served,
  serveFiles,
  serveWithNext,
  temporaryFolder,
  typeCheck,
  viteOptions,
} from "./app.js";

test.describe.configure({ mode: "default" });

let folder: string;
let tarball: string;
const apps: string[] = [];

test.beforeAll(async () => {
  folder = await temporaryFolder();
  tarball = await packPackage(folder);
});

test.afterAll(async () => {
  await Promise.all([folder, ...apps].map(removeFolder));
});

async function app(files: Readonly<Record<string, string>>): Promise<string> {
  const made = await makeApp(tarball, files);
  apps.push(made);
  return made;
}

const viteApp = (): Promise<string> => app({ "index.html": "vite.html", "main.js": "main.js" });

/** Opens the app, appends a message, and finds it again after a reload. */
async function remembersMessages(served: Served): Promise<void> {
  const profile = await temporaryFolder();
  const context = await engine.launchPersistentContext(profile, chromium.launch);
  try {
    const page = await context.newPage();
    const history = page.getByRole("status");
    await page.goto(served.url);
    await expect(history).toHaveText("[]", { timeout: 30_000 });
    await page.getByRole("button", { name: "Append" }).click();
    await expect(history).toHaveText('["hello"]');
    await page.reload();
    await expect(history).toHaveText('["hello"]', { timeout: 30_000 });
    await getsLine(await context.newPage(), page, served.url);
  } finally {
    await context.close();
    await served.stop();
    await removeFolder(profile);
  }
}

/** Opens the app in a second tab, which gets a line to the first one: the broker is found, as the worker is. */
async function getsLine(second: Page, first: Page, url: string): Promise<void> {
  await first.evaluate(() => {
    const toOwner = new BroadcastChannel("axio-context-opfs:.axio/chat.db:owner");
    toOwner.addEventListener("message", ({ data: { type, client } }) => {
      if (type !== "hello") return;
      const toClient = new BroadcastChannel(`axio-context-opfs:.axio/chat.db:client:${client}`);
      toClient.addEventListener("message", ({ data }) => {
        if (data.type === "line") document.title = "It has a line.";
      });
    });
  });
  await second.goto(url);
  await expect(second.getByRole("status")).toHaveText('["hello"]', { timeout: 30_000 });
  await expect(first).toHaveTitle("It has a line.", { timeout: 30_000 });
}

test("a fresh Vite app remembers messages under the development server, without configuration", async () => {
  const server = await (await createServer(viteOptions(await viteApp()))).listen(0);
  await remembersMessages({ url: firstUrl(server.resolvedUrls), stop: () => server.close() });
});

test("a fresh Vite app remembers messages when built, without configuration", async () => {
  const root = await viteApp();
  await build(viteOptions(root));
  await remembersMessages(await serveFiles(join(root, "dist")));
});

test("a fresh Vite 7 app remembers messages, in development with the configuration that the README gives", async () => {
  test.skip(!process.env["FULL"], "Vite 7 is no dependency of this package's development.");
  const root = await viteApp();
  const vite7 = await installVite7(root);
  const options = { ...viteOptions(root), optimizeDeps: { exclude: ["axio-context-opfs"] } };
  const server = await (await vite7.createServer(options)).listen(0);
  await remembersMessages({ url: firstUrl(server.resolvedUrls), stop: () => server.close() });
  await vite7.build(viteOptions(root));
  await remembersMessages(await serveFiles(join(root, "dist")));
});

for (const mode of ["production", "development"] as const) {
  test(`a fresh webpack app remembers messages when built for ${mode}, without configuration`, async () => {
    const root = await app({ "main.js": "main.js", "dist/index.html": "webpack.html" });
    const { errors, warnings } = await buildWithWebpack(root, mode);
    expect(errors).toEqual([]);
    expect(warnings.filter(({ message }) => !message.startsWith("asset size limit"))).toEqual([]);
    await remembersMessages(await serveFiles(join(root, "dist")));
  });
}

for (const bundler of ["turbopack", "webpack"] as const) {
  test(`a fresh Next.js app remembers messages in development and when built with ${bundler}, without configuration`, async () => {
    test.skip(!process.env["FULL"], "Next.js is large.");
    const root = await app({ "app/layout.js": "next-layout.js", "app/page.js": "next-page.js" });
    await installNext(root);
    for (const how of ["dev", "start"] as const) await remembersMessages(await serveWithNext(root, how, bundler));
  });
}

for (const resolution of ["bundler", "nodenext"] as const) {
  test(`TypeScript finds the types under ${resolution} resolution`, async () => {
    const root = await app({ "types.mts": "types.mts" });
    expect(await typeCheck(root, "types.mts", resolution)).toBe("");
  });
}
