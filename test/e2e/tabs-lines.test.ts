import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.js";
import { untilDirect } from "./lines.js";

async function crash(page: Page): Promise<void> {
  const crashed = page.waitForEvent("crash");
  page.goto("chrome://crash").catch(() => {});
  await crashed;
}

test("lines are made anew when the tab crashes in whose process the broker lives, and the owner's", async ({
  context,
  site,
  browserName,
}) => {
  test.skip(browserName === "firefox", "Playwright ends Firefox when one of its processes crashes.");
  const witness = await site.openTab(context);
  const owner = await site.openDatabase(context);
  // The first one that wants a line: the broker is started in its process.
  const second = await site.openDatabase(context);
  await untilDirect(second, witness);
  const third = await site.openDatabase(context);
  await untilDirect(third, witness);
  await crash(second);
  await third.evaluate(() => harness.append("one"));
  const fourth = await site.openDatabase(context);
  await untilDirect(fourth, witness);
  await crash(owner);
  for (const page of [third, fourth]) await page.evaluate(() => harness.append("more"));
  await untilDirect(fourth, witness);
  expect(await fourth.evaluate(() => harness.texts())).toEqual(["one", "more", "more"]);
});

test("what a tab writes while its calls change over is there in order, once", async ({ context, site }) => {
  const owner = await site.openDatabase(context);
  for (let turn = 0; turn < 3; turn++) {
    const page = await site.openDatabase(context);
    const [written, read] = await page.evaluate(async (sessionId) => {
      const store = harness.storeOf(sessionId);
      const writing: Promise<unknown>[] = [];
      for (let i = 0; i < 200; i++) {
        writing.push(store.append({ role: "user", content: [{ type: "text", text: String(i) }] }));
        if (i % 4 === 0) await new Promise((resolve) => setTimeout(resolve));
      }
      await Promise.all(writing);
      const texts = (await store.getHistory()).map(({ content: [block] }) => block?.type === "text" && block.text);
      return [writing.length, texts] as const;
    }, `session ${turn}`);
    expect(read).toEqual(Array.from({ length: written }, (_, i) => String(i)));
    await page.close();
  }
  await owner.close();
});

test("a tab whose line has failed goes on over the channels, and keeps each message once", async ({
  context,
  site,
}) => {
  const owner = await site.openDatabase(context);
  const page = await site.openTab(context);
  const texts = await page.evaluate(async () => {
    // In place of the broker: it says that the owner has the line, and swallows what comes through it.
    const line = { isUsed: false };
    let brokers = 0;
    globalThis.SharedWorker = class {
      port: MessagePort;
      constructor() {
        if (brokers++ > 0) throw new Error("There is none any more.");
        const { port1, port2 } = new MessageChannel();
        this.port = port1;
        port2.addEventListener("message", ({ data, ports: [port] }) => {
          port!.addEventListener("message", () => (line.isUsed = true));
          port!.start();
          const channel = new BroadcastChannel(`axio-context-opfs:chat.db:client:${data.line.client}`);
          channel.postMessage({ type: "line", ...data.line });
          channel.close();
        });
        port2.start();
      }
    } as unknown as typeof SharedWorker;
    await harness.open();
    for (let i = 0; !line.isUsed; i++) {
      const appending = harness.append(String(i));
      await Promise.race([appending, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    await harness.append("behind it");
    return harness.texts();
  });
  expect(texts).toEqual([...Array.from({ length: texts.length - 1 }, (_, i) => String(i)), "behind it"]);
  expect(await owner.evaluate(() => harness.texts())).toEqual(texts);
});

test("without shared workers, tabs read and write as well", async ({ context, site }) => {
  const owner = await site.openDatabase(context);
  const page = await site.openTab(context);
  await page.evaluate(() => Reflect.deleteProperty(globalThis, "SharedWorker"));
  await page.evaluate(() => harness.open());
  for (const text of ["first", "second"]) await page.evaluate((message) => harness.append(message), text);
  expect(await owner.evaluate(() => harness.texts())).toEqual(["first", "second"]);
});
