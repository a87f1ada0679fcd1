import { expect, test } from "./fixtures.js";

test("a second tab reads and writes without compiling any WebAssembly", async ({ context, site }) => {
  const first = await site.openTab(context);
  await first.evaluate(() => harness.openFaulty());
  await first.evaluate(() => harness.append("first"));
  expect((await first.evaluate(() => harness.faulty.ask({ type: "report" }))).compiled).toBeGreaterThan(0);

  const second = await site.openTab(context);
  const requests: string[] = [];
  second.on("request", (request) => requests.push(request.url()));
  await second.evaluate(() => harness.openFaulty());
  expect(await second.evaluate(() => harness.texts())).toEqual(["first"]);
  await second.evaluate(() => harness.append("second"));
  expect((await second.evaluate(() => harness.faulty.ask({ type: "report" }))).compiled).toBe(0);
  expect(requests.filter((url) => url.endsWith(".wasm"))).toEqual([]);
  expect(await first.evaluate(() => harness.texts())).toEqual(["first", "second"]);
});
