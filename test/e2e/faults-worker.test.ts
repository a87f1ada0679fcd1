import { expect, test } from "./fixtures.js";

test("says which file is not what it should be: a page instead, half of it, or one that throws", async ({
  context,
  site,
}) => {
  for (const [policy, file] of [
    ["html-worker", "worker.js"],
    ["html-wasm", "sqlite3.wasm"],
    ["cut-wasm", "sqlite3.wasm"],
    ["throwing-worker", "worker.js"],
  ] as const) {
    const page = await site.openTab(context, policy);
    const { code, message } = await page.evaluate(() => harness.rejection(harness.connect()));
    expect(code).toBe("worker-failed");
    expect(message).toContain(file);
  }
});

test("rejects worker-failed when the time to start is over and the worker has ended itself, or never answers", async ({
  context,
  site,
}) => {
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(site.url("page"));
  for (const script of ["self.close()", "onmessage = () => {}"]) {
    const failure = page.evaluate((code) => {
      const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
      return harness.rejection(harness.connect({ worker: () => new Worker(url), busyTimeout: 1000 }));
    }, script);
    await expect.poll(() => page.evaluate(() => harness.role().catch(() => "none"))).toBe("none");
    await page.clock.fastForward(30_000);
    const { code, message } = await failure;
    expect(code).toBe("worker-failed");
    expect(message).toContain("worker.js");
  }
  await page.evaluate(() => harness.open());
  await page.evaluate(() => harness.append("a good worker"));
});

test("what other tabs had in flight when the owner's worker ended itself is there once and in order", async ({
  context,
  site,
}) => {
  const owner = await site.openTab(context);
  await owner.evaluate(() => harness.openFaulty());
  const follower = await site.openTab(context);
  await follower.evaluate(() => harness.openFaulty());
  await follower.evaluate(() => harness.startPump());
  for (const page of [owner, follower, owner, follower]) {
    const before = await follower.evaluate(() => harness.pumped);
    await follower.evaluate((count) => harness.untilPumped(count + 40), before);
    await page.evaluate(() => harness.faulty.end());
  }
  const before = await follower.evaluate(() => harness.pumped);
  await follower.evaluate((count) => harness.untilPumped(count + 40), before);
  const appended = await follower.evaluate(() => harness.stopPump());
  for (const page of [owner, follower]) expect(await page.evaluate(() => harness.texts())).toEqual(appended);
});

test("ends the connection with worker-failed when the worker's file is gone by the time it must be started again", async ({
  context,
  site,
}) => {
  const page = await site.openTab(context);
  await page.evaluate(() => {
    let first = true;
    return harness.open({
      worker: () => {
        if (!first) return new Worker("gone.js", { type: "module" });
        first = false;
        return harness.faulty.start();
      },
    });
  });
  await page.evaluate(() => harness.append("before"));
  const ends = await page.evaluate(async () => {
    const calls = [harness.append("in flight"), harness.append("in flight too")];
    harness.faulty.terminate();
    calls.push(harness.append("later"));
    const rejections = await Promise.all(calls.map((call) => harness.rejection(call)));
    return [...rejections, await harness.rejection(harness.texts())];
  });
  for (const { code, message } of ends.slice(-2)) {
    expect(code).toBe("worker-failed");
    expect(message).toContain("worker.js");
  }
  await page.evaluate(() => harness.reopen());
  const texts = await page.evaluate(() => harness.texts());
  expect(texts[0]).toBe("before");
  expect(texts).toEqual([...new Set(texts)]);
  if (ends[2]!.outcome === "not-applied") expect(texts).not.toContain("later");
});

test("a tab that cannot load sqlite3.wasm works as long as another owns the database, then says so, and leaves it to the next", async ({
  context,
  site,
}) => {
  const owner = await site.openDatabase(context);
  const without = await site.openTab(context, "missing-wasm");
  await without.evaluate(() => harness.open());
  await without.evaluate(() => harness.append("by the other tab"));
  const next = await site.openDatabase(context);
  await owner.close();
  // The last owner may still answer for a moment.
  await expect
    .poll(() => without.evaluate(() => harness.rejection(harness.texts())))
    .toMatchObject({ code: "worker-failed", message: expect.stringContaining("sqlite3.wasm") });
  await next.evaluate(() => harness.append("by the next"));
  expect(await next.evaluate(() => harness.texts())).toEqual(["by the other tab", "by the next"]);
});
