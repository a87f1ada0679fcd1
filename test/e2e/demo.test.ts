import type { BrowserContext, Page } from "@playwright/test";
import { createServer } from "vite";
import { expect, test as base } from "./fixtures.js";

/** Lets replies take so many times as long, at the first load of the page and at later ones. */
async function pace(page: Page, first: number, later = first): Promise<void> {
  await page.addInitScript(
    (times) => {
      const wait = setTimeout;
      const factor = sessionStorage.getItem("loaded") === null ? times.first : times.later;
      globalThis.setTimeout = ((work: () => void, ms: number) => wait(work, ms > 400 ? ms : ms * factor)) as never;
      sessionStorage.setItem("loaded", "");
    },
    { first, later },
  );
}

/** Nobody watches. */
const FAST = 1 / 20;

const test = base.extend({
  page: async ({ page }, use) => {
    await pace(page, FAST);
    await use(page);
  },
});

const field = (page: Page) => page.getByRole("textbox", { name: "Message" });
const messages = (page: Page) => page.getByRole("list", { name: "Conversation" }).getByRole("listitem");
const chats = (page: Page) => page.getByRole("navigation", { name: "Chats" }).getByRole("link");

/** Says something, and waits until the reply is stored. */
async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press("Enter");
  await expect(messages(page).filter({ hasText: text }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Fork this chat" })).toBeEnabled();
}

test("keeps a conversation over a reload and over a restart of the browser", async ({ profile, site }) => {
  const page = await (await profile.launch()).newPage();
  await page.goto(site.url("demo"));
  await say(page, "My name is Ada");
  await page.reload();
  await expect(messages(page)).toHaveCount(2);
  await say(page, "What is my name?");
  await expect(messages(page).last()).toContainText("Ada");
  const shown = await messages(page).allInnerTexts();
  await page.context().close();

  const again = await (await profile.launch()).newPage();
  await again.goto(site.url("demo"));
  await expect(messages(again)).toHaveCount(4);
  expect(await messages(again).allInnerTexts()).toEqual(shown);
  await expect(chats(again)).toHaveText(/My name is Ada.*4 messages/);
});

test("answers with a tool, and counts tokens", async ({ page, site }) => {
  await page.goto(site.url("demo"));
  await say(page, "What is 6 * 7?");
  await expect(messages(page).last()).toContainText("6 * 7 is 42");
  await page.getByText("calculator", { exact: true }).click();
  await expect(page.getByRole("definition").last()).toHaveText("42");
  await expect(page.getByText(/\d+ tokens in, \d+ out/)).toBeAttached();
  await page.reload();
  await expect(messages(page).last()).toContainText("6 * 7 is 42");
  await expect(page.getByText(/\d+ tokens in, \d+ out/)).toBeAttached();
});

test("lists the chat that was written to last first, forks one, deletes one and brings it back", async ({
  page,
  site,
}) => {
  await page.goto(site.url("demo"));
  await say(page, "The first chat");
  await page.getByRole("button", { name: "New chat" }).click();
  await expect(messages(page)).toHaveCount(0);
  await say(page, "The second chat");
  await expect(chats(page)).toHaveText([/The second chat/, /The first chat/]);
  await page.getByRole("button", { name: "Fork this chat" }).click();
  await expect(chats(page)).toHaveCount(3);
  await say(page, "Only in the fork");
  await chats(page).filter({ hasText: "The first chat" }).click();
  await expect(messages(page)).toHaveCount(2);
  await page.getByRole("button", { name: "Delete this chat" }).click();
  await expect(chats(page)).toHaveText([/The second chat.*4 messages/, /The second chat.*2 messages/]);
  await expect(messages(page)).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(messages(page)).toHaveCount(2);
  await expect(chats(page)).toHaveCount(3);
  await say(page, "More of the first chat");
  await expect(chats(page).first()).toHaveText(/The first chat.*4 messages/);
});

test("fits its window, however long a title is", async ({ page, site }) => {
  await page.goto(site.url("demo"));
  await say(page, `W${"o".repeat(120)}rd ${"and many more words ".repeat(20)}`);
  for (const width of [320, 360, 900, 1000, 1280]) {
    await page.setViewportSize({ width, height: 700 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await expect(page.getByRole("button", { name: "Send" })).toBeInViewport({ ratio: 1 });
    await expect(page.getByRole("button", { name: "Delete this chat" })).toBeInViewport({ ratio: 1 });
  }
});

test("puts the focus into the list of chats that opens on a narrow screen, and back", async ({ page, site }) => {
  for (const reducedMotion of ["no-preference", "reduce"] as const) {
    await page.emulateMedia({ reducedMotion });
    await page.setViewportSize({ width: 360, height: 700 });
    await page.goto(site.url("demo"));
    const menu = page.getByRole("button", { name: "Show the list of chats" });
    await menu.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", { name: "Close the list of chats" })).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(menu).toBeFocused();
  }
});

/** Playwright is not told of a download in stock Firefox: what the page offers to download is taken from it. */
async function exportFile(page: Page): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const exported = page.evaluate(
    () =>
      new Promise<number[]>((resolve, reject) => {
        const makeUrl = URL.createObjectURL.bind(URL);
        URL.createObjectURL = (file: Blob) => {
          file.arrayBuffer().then((bytes) => resolve([...new Uint8Array(bytes)]), reject);
          return makeUrl(file);
        };
      }),
  );
  await page.getByRole("button", { name: "Export" }).click();
  return { name: "longhand.sqlite", mimeType: "application/vnd.sqlite3", buffer: Buffer.from(await exported) };
}

test("takes an exported file in again", async ({ page, site }) => {
  await page.goto(site.url("demo"));
  await say(page, "Something to keep");
  const file = await exportFile(page);
  await page.getByRole("button", { name: "Delete this chat" }).click();
  await expect(chats(page)).toHaveCount(0);
  await page.getByLabel("An SQLite file").setInputFiles(file);
  await expect(page.getByText("1 chat added: 2 new messages.")).toBeVisible();
  await expect(chats(page)).toHaveText(/Something to keep/);
});

test("shows the end of a long chat, and what comes before when it is asked for", async ({ context, site }) => {
  const source = await site.openTab(context);
  const bytes = await source.evaluate(async () => {
    await harness.open();
    const roles = ["user", "assistant"] as const;
    await harness.storeOf("long").appendAll(
      Array.from({ length: 250 }, (_, number) => ({
        role: roles[number % 2]!,
        content: [{ type: "text", text: `Number ${number}.` }],
      })),
    );
    return [...new Uint8Array(await (await harness.connection!.export()).arrayBuffer())];
  });
  const page = await context.newPage();
  await page.goto(site.url("demo"));
  const file = { name: "long.sqlite", mimeType: "application/vnd.sqlite3", buffer: Buffer.from(bytes) };
  await page.getByLabel("An SQLite file").setInputFiles(file);
  await chats(page).filter({ hasText: "Number 0." }).click();
  const earlier = page.getByRole("button", { name: "Show earlier messages" });
  for (const [first, count] of [
    [150, 100],
    [50, 200],
    [0, 250],
  ] as const) {
    await expect(messages(page)).toHaveCount(count);
    await expect(messages(page).first()).toContainText(`Number ${first}.`);
    await expect(messages(page).last()).toContainText("Number 249.");
    if (first > 0) await earlier.click();
  }
  await expect(earlier).toHaveCount(0);
  await say(page, "And one more");
  await expect(messages(page)).toHaveCount(252);

  await page.getByRole("button", { name: "New chat" }).click();
  await page.getByRole("searchbox", { name: "Search all chats" }).fill("number 42");
  await page.getByRole("list", { name: "Found messages" }).getByRole("link", { name: "Number 42." }).click();
  await expect(messages(page).filter({ hasText: "Number 42." })).toBeInViewport();
  await expect(messages(page).first()).toContainText("Number 32.");
  await expect(messages(page)).toHaveCount(252 - 32);
});

test("keeps what was written and not sent, in each chat", async ({ page, site }) => {
  await page.goto(site.url("demo"));
  await say(page, "The first chat");
  await field(page).fill("To be sent later");
  await page.getByRole("button", { name: "New chat" }).click();
  await expect(field(page)).toHaveValue("");
  await field(page).fill("Something else");
  await chats(page).click();
  await expect(field(page)).toHaveValue("To be sent later");
  await say(page, "Sent now");
  await expect(field(page)).toHaveValue("");
});

test("tells the user why a file cannot be imported", async ({ page, site }) => {
  await page.goto(site.url("demo"));
  await expect(page.getByText("Owner")).toBeVisible();
  const file = { name: "shopping.txt", mimeType: "text/plain", buffer: Buffer.from("eggs, milk") };
  await page.getByLabel("An SQLite file").setInputFiles(file);
  await expect(page.getByRole("alert")).toContainText("SQLite database");
});

test("shows what another tab writes, while it writes", async ({ context, site }) => {
  const first = await context.newPage();
  await first.goto(site.url("demo"));
  await say(first, "Written in the first tab");
  const second = await context.newPage();
  await second.goto(site.url("demo"));
  await expect(second.getByText("Follower")).toBeVisible();
  await expect(messages(second)).toHaveCount(2);
  await first.bringToFront();
  await say(second, "Written in the second tab");
  await expect(messages(first)).toHaveCount(4);
  await expect(messages(first).last()).toHaveText(await messages(second).last().innerText(), { useInnerText: true });
});

/** A tab in which replies take their time, until it is loaded again. */
async function slowTab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await pace(page, 20, FAST);
  return page;
}

/** Says something. Resolves once the beginning of the reply is stored, and not only shown. */
async function beginReply(page: Page): Promise<void> {
  await field(page).fill("How does this work?");
  await field(page).press("Enter");
  await expect(messages(page).last()).toContainText(/\w+ \w+ \w+/);
  await expect(chats(page)).toHaveText(/2 messages/);
}

test("keeps what had come of a reply when the page is reloaded, and writes it anew", async ({ context, site }) => {
  const page = await slowTab(context);
  await page.goto(site.url("demo"));
  await beginReply(page);
  await page.reload();
  await page.getByRole("button", { name: "Write it anew" }).click();
  await expect(page.getByRole("button", { name: "Fork this chat" })).toBeEnabled();
  await expect(page.getByRole("button", { name: "Write it anew" })).toBeHidden();
  await expect(messages(page)).toHaveCount(2);
});

test("writes a reply with a tool anew, and asks the tool once", async ({ context, site }) => {
  const page = await context.newPage();
  // The first reply stops in the middle of its answer, until the page is loaded again.
  await page.addInitScript(() => {
    const wait = setTimeout;
    const isFirst = sessionStorage.getItem("loaded") === null;
    const hasStopped = () => isFirst && document.body.innerText.includes("6 * 7 is");
    globalThis.setTimeout = ((work: () => void, ms: number) =>
      wait(work, hasStopped() && ms < 100 ? 1e9 : ms)) as never;
    sessionStorage.setItem("loaded", "");
  });
  await page.goto(site.url("demo"));
  await field(page).fill("What is 6 * 7?");
  await field(page).press("Enter");
  await expect(page.getByText("6 * 7 is")).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: "Write it anew" }).click();
  await expect(page.getByRole("button", { name: "Fork this chat" })).toBeEnabled();
  await expect(messages(page).last()).toContainText("6 * 7 is 42");
  await expect(page.getByText("calculator", { exact: true })).toHaveCount(1);
});

test("shows which earlier reply was cut off, and leaves it", async ({ context, site }) => {
  const page = await slowTab(context);
  await page.goto(site.url("demo"));
  await beginReply(page);
  await page.reload();
  await expect(page.getByText("This reply was cut off.")).toHaveCount(1);
  await say(page, "Never mind");
  await expect(messages(page)).toHaveCount(4);
  await expect(messages(page).nth(1)).toContainText("This reply was cut off.");
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await field(page).fill("Again");
  await field(page).press("Enter");
  await expect(messages(page).last()).toContainText(/\w+ \w+ \w+/);
  await expect(chats(page)).toHaveText(/6 messages/);
  await page.reload();
  await page.getByRole("button", { name: "Write it anew" }).click();
  await expect(page.getByRole("button", { name: "Fork this chat" })).toBeEnabled();
  await expect(messages(page)).toHaveCount(6);
  await expect(page.getByText("This reply was cut off.")).toHaveCount(1);
});

test("tells a reply that another tab is writing from one that was cut off", async ({ context, site }) => {
  const writing = await slowTab(context);
  await writing.goto(site.url("demo"));
  await beginReply(writing);
  const other = await context.newPage();
  await other.goto(site.url("demo"));
  await expect(other.getByText("Another tab is writing this reply.")).toBeVisible();
  await expect(other.getByRole("button", { name: "Write it anew" })).toBeHidden();
  await writing.close();
  await expect(other.getByRole("button", { name: "Write it anew" })).toBeVisible();
});

test("searches all chats, and goes to the one that is chosen", async ({ page, site }) => {
  await page.goto(site.url("demo"));
  await say(page, "The Übersicht is here");
  await page.getByRole("button", { name: "New chat" }).click();
  await say(page, "Something else");
  await page.getByRole("searchbox", { name: "Search all chats" }).pressSequentially("ubers");
  const hits = page.getByRole("list", { name: "Found messages" }).getByRole("listitem");
  await expect(hits.first()).toContainText("The Übersicht is here");
  await expect(hits.first().locator("mark")).toHaveText("Übers");
  await hits.first().getByRole("link").click();
  await expect(messages(page).first()).toContainText("The Übersicht is here");
  await expect(hits).toHaveCount(0);
});

test("searches for what a script writes into the field, as extensions and dictation do", async ({ page, site }) => {
  await page.goto(site.url("demo"));
  await say(page, "My name is Ada");
  await page.getByRole("searchbox").evaluate((field: HTMLInputElement) => {
    field.value = "ada";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
  await expect(page.getByRole("list", { name: "Found messages" }).getByRole("listitem").first()).toContainText("Ada");
});

test("works under a strict content security policy", async ({ page, site }) => {
  await page.goto(site.url("demo", "strict"));
  await say(page, "Hello");
  await page.reload();
  await expect(messages(page)).toHaveCount(2);
});

test("says why it cannot open the database", async ({ page, site }) => {
  await page.goto(site.url("demo", "missing-worker"));
  await expect(page.getByRole("main").getByRole("alert")).toContainText("worker");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
});

test("runs on the development server, where StrictMode connects twice, with one worker", async ({ page }, testInfo) => {
  const server = await createServer({
    logLevel: "error",
    cacheDir: testInfo.outputPath("vite"),
    server: { port: 0, open: false },
  });
  try {
    await server.listen();
    await page.goto(server.resolvedUrls!.local[0]!);
    await say(page, "Hello");
    await page.reload();
    await expect(messages(page)).toHaveCount(2);
    expect(page.workers()).toHaveLength(1);
  } finally {
    await server.close();
  }
});
