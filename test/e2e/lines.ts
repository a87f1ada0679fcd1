import type { Page } from "@playwright/test";
import { expect } from "./fixtures.js";

/** Resolves once what the page asks for goes through a line to the owner: `witness` no longer hears of it. */
export async function untilDirect(page: Page, witness: Page): Promise<void> {
  const hearsOfIt = async () => {
    const heard = witness.evaluate(async () => {
      // All that goes to the owner over a channel.
      const channel = new BroadcastChannel("axio-context-opfs:chat.db:owner");
      const types: string[] = [];
      await new Promise<void>((resolve) => {
        channel.addEventListener("message", ({ data }) => (data.type === "last" ? resolve() : types.push(data.type)));
        document.title = "listening";
      });
      channel.close();
      document.title = "";
      return types.includes("run");
    });
    await expect(witness).toHaveTitle("listening");
    await page.evaluate(() => harness.texts());
    // Heard after all that the worker has said: it was answered before.
    await page.evaluate(() => {
      const channel = new BroadcastChannel("axio-context-opfs:chat.db:owner");
      channel.postMessage({ type: "last" });
      channel.close();
    });
    return heard;
  };
  await expect.poll(hearsOfIt, { intervals: [100] }).toBe(false);
}

/** Does something, and resolves once the owner is asked for this over a channel, which `witness` hears. */
export async function untilAskedOverChannel(
  operation: string,
  witness: Page,
  act: () => Promise<unknown>,
): Promise<void> {
  const asked = witness.evaluate(async (wanted) => {
    const channel = new BroadcastChannel("axio-context-opfs:chat.db:owner");
    await new Promise<void>((resolve) => {
      channel.addEventListener("message", ({ data }) => {
        if (data.type === "run" && data.batch.requests.some(({ name }: { name: string }) => name === wanted)) resolve();
      });
      document.title = "listening";
    });
    channel.close();
    document.title = "";
  }, operation);
  await expect(witness).toHaveTitle("listening");
  await act();
  await asked;
}
