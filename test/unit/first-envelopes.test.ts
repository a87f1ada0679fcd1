import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { MessageRow } from "../../src/operations.js";
import { seal, unseal } from "../../worker/envelopes/envelope.js";
import { FirstEnvelopes } from "../../worker/tab/first-envelopes.js";
import { type Rows, RowStream } from "../../worker/tab/row-stream.js";

function row(content: string | null, id = 1): MessageRow<string | null> {
  return { id, uid: null, position: id - 1, createdAt: "", role: "user", content, metadata: null, status: null };
}

function gzip(text: string | Uint8Array): string {
  return `gzip:${gzipSync(text).toString("base64")}`;
}

/** In as many parts as are given. */
async function unpack(envelopes: FirstEnvelopes, ...parts: Rows[]): Promise<MessageRow<string | null>[]> {
  const rows: MessageRow<string | null>[] = [];
  const coming = new RowStream();
  for (const part of parts.slice(0, -1)) coming.push(part);
  coming.end({ ok: true, value: parts.at(-1) });
  for await (const part of envelopes.unpack(coming)) rows.push(...part);
  return rows;
}

async function unpacked(...contents: (string | null)[]): Promise<(string | null)[]> {
  const rows = await unpack(
    new FirstEnvelopes(),
    contents.map((content, place) => row(content, place + 1)),
  );
  return rows.map(({ content }) => content);
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
    expect(await unpack(new FirstEnvelopes(), [before])).toEqual([{ ...before, content: `plain:${long}` }]);
  });

  test("read as the script reads", async () => {
    for (const text of [long, "\uFEFF[]", "", "\u2028".repeat(30_000)]) {
      const [content] = await unpacked(gzip(text));
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
    const [sound, other] = await unpacked(seal(long), content);
    expect(sound).toBe(`plain:${long}`);
    expect([content, byScript(content)]).toContain(other);
  });

  test("are no more than a chat shows: the script reads the others", async () => {
    const rows = Array.from({ length: 70 }, (_, place) => row(seal(long), place + 1));
    for (const parts of [[rows], [rows.slice(0, 50), rows.slice(50)], [rows.slice(0, 66), rows.slice(66)]]) {
      const contents = (await unpack(new FirstEnvelopes(), ...parts)).map(({ content }) => content!);
      expect(contents.map((content) => content.startsWith("gzip:"))).toEqual(rows.map(({ id }) => id > 64));
    }
  });

  test("are left to the script once it is fast", async () => {
    const envelopes = new FirstEnvelopes();
    envelopes.end();
    expect(await unpack(envelopes, [row(seal(long))])).toEqual([row(seal(long))]);
  });
});
