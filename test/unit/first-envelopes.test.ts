import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { MessageRow } from "../../src/operations.js";
import { seal, unseal } from "../../worker/envelopes/envelope.js";
import { FirstEnvelopes } from "../../worker/tab/first-envelopes.js";

function row(content: string | null, id = 1): MessageRow<string | null> {
  return { id, uid: null, position: id - 1, createdAt: "", role: "user", content, metadata: null, status: null };
}

function gzip(text: string | Uint8Array): string {
  return `gzip:${gzipSync(text).toString("base64")}`;
}

async function unpacked(...contents: (string | null)[]): Promise<(string | null)[] | undefined> {
  const rows = await new FirstEnvelopes().unpack(contents.map((content, place) => row(content, place + 1)));
  return rows?.map(({ content }) => content);
}

/** What the script unpacks it to, if it does. */
function byScript(content: string): string | undefined {
  try {
    return `plain:${unseal(content)}`;
  } catch {
    return undefined;
  }
}

const long = JSON.stringify("Grüße, 世界 👋 ".repeat(100));

describe("FirstEnvelopes", () => {
  test("unpack what is packed, and leave all else", async () => {
    expect(await unpacked("plain:[]", seal(long), "[1]", null)).toEqual(["plain:[]", `plain:${long}`, "[1]", null]);
  });

  test("give rows with all their other fields", async () => {
    const before = { ...row(seal(long), 7), uid: "u", metadata: "{}", role: "assistant" };
    expect(await new FirstEnvelopes().unpack([before])).toEqual([{ ...before, content: `plain:${long}` }]);
  });

  test("read as the script reads", async () => {
    for (const text of [long, "\uFEFF[]", "", "\u2028".repeat(30_000)]) {
      const [content] = (await unpacked(gzip(text)))!;
      expect(content).toBe(`plain:${text}`);
      expect(unseal(content)).toBe(unseal(gzip(text)));
    }
  });

  const members = Buffer.concat([gzipSync("[1,"), gzipSync("2]")]);
  const damaged = Buffer.from(gzipSync(long)).fill(0, 20, 30);

  test.each([
    ["several members", `gzip:${members.toString("base64")}`],
    ["zeros behind the end", `gzip:${Buffer.concat([gzipSync("[]"), Buffer.alloc(9)]).toString("base64")}`],
    ["damage", `gzip:${damaged.toString("base64")}`],
    ["a missing end", `gzip:${gzipSync(long).subarray(0, -9).toString("base64")}`],
    ["no gzip", "gzip:AAAA"],
    ["no base64", "gzip:é"],
    ["nothing", "gzip:"],
    ["bytes that are not UTF-8", gzip(new Uint8Array([0x22, 0xff, 0x22]))],
    ["more than the engine shall unpack", gzip("x".repeat(1024 * 1024 + 1))],
    ["more characters than the engine shall be given", `${gzip("[]")}${"=".repeat(64 * 1024)}`],
  ])("read %s as the script reads it, or leave it to the script", async (_what, content) => {
    const [sound, other] = (await unpacked(seal(long), content))!;
    expect(sound).toBe(`plain:${long}`);
    expect([content, byScript(content)]).toContain(other);
  });

  test("are no more than a chat shows: the script reads the others", async () => {
    const contents = (await unpacked(...Array.from({ length: 70 }, () => seal(long))))!;
    expect(contents.filter((content) => content?.startsWith("gzip:"))).toHaveLength(6);
  });

  test("are left to the script once it is fast, and where there are none", () => {
    const envelopes = new FirstEnvelopes();
    expect(envelopes.unpack([row("plain:[]")])).toBeUndefined();
    expect(envelopes.unpack([])).toBeUndefined();
    envelopes.end();
    expect(envelopes.unpack([row(seal(long))])).toBeUndefined();
  });
});
