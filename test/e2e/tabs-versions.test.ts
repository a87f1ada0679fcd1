import { goBackToKept, leave } from "./back-forward.js";
import { expect, test } from "./fixtures.js";

// The page "next" is the same page, built with the next number of the protocol.

test("a newer page takes the database over from an older one, which is told to reload", async ({ context, site }) => {
  const old = await site.openDatabase(context);
  await old.evaluate(() => harness.append("old"));
  const next = await site.openTab(context, "plain", "next");
  await next.evaluate(() => harness.open());
  expect(await next.evaluate(() => harness.role())).toBe("owner");
  await next.evaluate(() => harness.append("new"));
  const { code, outcome, message } = await old.evaluate(() => harness.rejection(harness.append("too late")));
  expect(code).toBe("protocol-mismatch");
  expect(outcome).toBe("not-applied");
  expect(message).toContain("Reload");
  expect(await next.evaluate(() => harness.texts())).toEqual(["old", "new"]);
});

test("a newer page takes over while older ones write and queue: what was acknowledged is there once", async ({
  context,
  site,
}) => {
  const old = [await site.openTab(context), await site.openTab(context), await site.openTab(context)];
  for (const [place, page] of old.entries()) {
    await page.evaluate(() => harness.open());
    await page.evaluate((prefix) => harness.load.start(prefix), `${place}-`);
  }
  await Promise.all(old.map((page) => page.evaluate(() => harness.load.until("settled", 50))));
  const next = await site.openTab(context, "plain", "next");
  await next.evaluate(() => harness.open());
  const loads = await Promise.all(
    old.map((page) =>
      page.evaluate(async () => {
        await harness.load.until("rejected", 1);
        return harness.load.stop();
      }),
    ),
  );
  const texts = await next.evaluate(() => harness.texts());
  expect(texts).toEqual([...new Set(texts)]);
  const there = new Set(texts);
  for (const { text, code, outcome } of loads.flat()) {
    if (code === "none") expect(there).toContain(text);
    else expect(code).toBe("protocol-mismatch");
    if (outcome === "not-applied") expect(there).not.toContain(text);
  }
});

for (const policy of ["plain", "slow-locks"] as const) {
  test(`an older page that opens while a newer one owns the database is told to reload (${policy})`, async ({
    context,
    site,
  }) => {
    const next = await site.openTab(context, "plain", "next");
    await next.evaluate(() => harness.open());
    await next.evaluate(() => harness.append("new"));
    const old = await site.openTab(context, policy);
    const { code, message } = await old.evaluate(() => harness.rejection(harness.open()));
    expect(code).toBe("protocol-mismatch");
    expect(message).toContain("Reload");
    await next.close();
    // Nothing in the file is of a newer version: alone, the older page may open it again.
    await old.evaluate(() => harness.open());
    expect(await old.evaluate(() => harness.texts())).toEqual(["new"]);
  });
}

test("a second tab whose lock takes longer than the owner's answer reads and writes", async ({ context, site }) => {
  const owner = await site.openDatabase(context);
  const other = await site.openTab(context, "slow-locks");
  await other.evaluate(() => harness.open());
  await other.evaluate(() => harness.append("hello"));
  expect(await owner.evaluate(() => harness.texts())).toEqual(["hello"]);
});

test("pages of either version work when the other is gone", async ({ context, site }) => {
  let texts: string[] = [];
  for (const version of ["page", "next", "page"] as const) {
    const page = await site.openTab(context, "plain", version);
    await page.evaluate(() => harness.open());
    await page.evaluate((text) => harness.append(text), version);
    texts = await page.evaluate(() => harness.texts());
    await page.evaluate(() => harness.close());
  }
  expect(texts).toEqual(["page", "next", "page"]);
});

test("an older page that was in the back/forward cache while a newer one took over is told to reload", async ({
  context,
  browserName,
  site,
}) => {
  test.skip(browserName === "firefox", "Firefox does not keep a page whose worker holds a lock.");
  const old = await site.openDatabase(context);
  await leave(old);
  const next = await site.openTab(context, "plain", "next");
  await next.evaluate(() => harness.open());
  await goBackToKept(old);
  expect(await old.evaluate(() => harness.rejection(harness.texts()))).toMatchObject({ code: "protocol-mismatch" });
  await next.evaluate(() => harness.append("new"));
  expect(await next.evaluate(() => harness.texts())).toEqual(["new"]);
});

test("a page whose worker file is of another version, out of a cache, is told so", async ({ context, site }) => {
  for (const [version, other] of [
    ["page", "next"],
    ["next", "page"],
  ] as const) {
    const cached = await site.openTab(context, "plain", other);
    await cached.evaluate(() => harness.open());
    const url = cached.workers()[0]!.url();
    await cached.close();
    const page = await site.openTab(context, "plain", version);
    const { code, message } = await page.evaluate(
      (script) => harness.rejection(harness.open({ worker: () => new Worker(script, { type: "module" }) })),
      url,
    );
    expect(code).toBe("protocol-mismatch");
    expect(message).toContain("Reload");
  }
});
