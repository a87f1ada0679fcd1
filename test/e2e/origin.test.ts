import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "./fixtures.js";
import { SITE } from "./server.js";

interface TrustedTypesGlobal {
  readonly trustedTypes: {
    createPolicy(
      name: string,
      rules: { createScriptURL(url: string): string },
    ): { createScriptURL(url: string): string };
  };
}

/** Where in the site the page's worker file is. */
async function workerFile(): Promise<string> {
  const files = await readdir(join(SITE, "page/assets"));
  return `page/assets/${files.find((file) => /^worker-.*\.js$/.test(file))}`;
}

test("needs no special headers, and no more than a strict content security policy", async ({ context, site }) => {
  const page = await site.openTab(context, "strict");
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("hello"));
  await page.reload();
  await page.evaluate(() => harness.open());
  expect(await page.evaluate(() => harness.texts())).toEqual(["hello"]);
});

for (const [policy, what] of [
  ["charset-wasm", "with a character set"],
  ["unnamed-wasm", "without its type"],
] as const) {
  test(`takes a sqlite3.wasm that is served ${what}`, async ({ context, site }) => {
    const page = await site.openTab(context, policy);
    await page.evaluate(() => harness.open());
    await page.evaluate(() => harness.append("hello"));
    expect(await page.evaluate(() => harness.texts())).toEqual(["hello"]);
  });
}

for (const [policy, what] of [
  ["no-worker", "the policy forbids the worker"],
  ["missing-worker", "the worker file is missing"],
] as const) {
  test(`rejects with a word on the worker file where ${what}`, async ({ context, site }) => {
    const page = await site.openTab(context, policy);
    const { code, message } = await page.evaluate(() => harness.rejection(harness.connect()));
    expect(code).toBe("worker-failed");
    expect(message).toContain("worker.js");
    expect(message).not.toContain("sqlite3.wasm");
  });
}

for (const [policy, what, word] of [
  ["no-wasm", "the policy forbids WebAssembly", "wasm-unsafe-eval"],
  ["no-fetch", "the policy forbids to fetch it", "connect-src"],
  ["missing-wasm", "the wasm file is missing", "sqlite3.wasm"],
] as const) {
  test(`rejects with a word on sqlite3.wasm where ${what}`, async ({ context, site }) => {
    const page = await site.openTab(context, policy);
    const { code, message } = await page.evaluate(() => harness.rejection(harness.connect()));
    expect(code).toBe("worker-failed");
    expect(message).toContain(word);
    expect(message).not.toContain("worker.js");
    expect(message).not.toContain("defect");
  });
}

test("a tab whose policy forbids WebAssembly reads and writes while another one owns the database", async ({
  context,
  site,
}) => {
  const owner = await site.openDatabase(context);
  const long = "a long message, ".repeat(100);
  await owner.evaluate((text) => harness.append(text), long);
  const other = await site.openTab(context, "no-wasm");
  await other.evaluate(() => harness.open());
  await other.evaluate((text) => harness.append(text), long);
  for (const tab of [owner, other]) expect(await tab.evaluate(() => harness.texts())).toEqual([long, long]);
});

test("starts the worker where trusted types are enforced as the README says", async ({ context, site }) => {
  const page = await site.openTab(context, "trusted");
  expect((await page.evaluate(() => harness.rejection(harness.connect()))).code).toBe("worker-failed");
  await page.evaluate(
    (script) => {
      // TypeScript's library does not know them yet.
      const { trustedTypes } = globalThis as unknown as TrustedTypesGlobal;
      const policy = trustedTypes.createPolicy("worker", { createScriptURL: (url) => url });
      return harness.open({ worker: () => new Worker(policy.createScriptURL(script), { type: "module" }) });
    },
    `/trusted/${await workerFile()}`,
  );
  await page.evaluate(() => harness.append("hello"));
  expect(await page.evaluate(() => harness.texts())).toEqual(["hello"]);
});

test("starts a worker file of another origin as the README says", async ({ context, site }) => {
  const page = await site.openTab(context);
  const url = new URL(`/shared/${await workerFile()}`, site.url("page").replace(/test-/, "cdn-")).href;
  expect(new URL(url).origin).not.toBe(new URL(page.url()).origin);
  await page.evaluate(
    (script) =>
      harness.open({
        worker: () => {
          const file = new Blob([`import "${script}"`], { type: "text/javascript" });
          return new Worker(URL.createObjectURL(file), { type: "module" });
        },
      }),
    url,
  );
  await page.evaluate(() => harness.append("hello"));
  await page.reload();
  await page.evaluate(() => harness.open());
  expect(await page.evaluate(() => harness.texts())).toEqual(["hello"]);
});

test("says that an insecure origin is unsupported", async ({ page, site }) => {
  await page.goto(site.url("page").replace(/test-[^:]*/, "insecure.test"));
  const { code, message } = await page.evaluate(() => harness.rejection(harness.connect()));
  expect(code).toBe("unsupported");
  expect(message).toContain("secure context");
});
