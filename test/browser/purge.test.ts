import { expect, test } from "vitest";
import { decodeBase64 } from "../../worker/envelopes/base64.js";
import { assistant, user, words } from "../fixtures/messages.js";
import { type Connection, SQLiteContextStore } from "../../src/index.js";
import { freshPath, openDatabase } from "../fixtures/databases.js";
import { filesBelow, runsIn } from "../fixtures/opfs-files.js";
import { readByPython } from "../fixtures/python.js";

const encoder = new TextEncoder();

/** Text of which no 8 bytes stand anywhere else: with few spaces, since the schema is indented. */
function secret(length: number): string {
  const random = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(random, (byte) => "abcdefghijklmnopqrstuvwxyz123 .,"[byte % 32]).join("");
}

/** What must not be found of stored contents: their text, and of what is compressed the base64 and the deflated bytes. */
function traces(texts: readonly string[], contents: readonly string[]): Uint8Array[] {
  const needles = texts.map((text) => encoder.encode(text));
  for (const content of contents) {
    if (!content.startsWith("gzip:")) continue;
    // Header and length of a gzip file may be those of others too.
    const base64 = content.slice("gzip:".length);
    needles.push(encoder.encode(base64.slice(16, -12)), decodeBase64(base64).slice(12, -8));
  }
  return needles;
}

async function contentsOf(connection: Connection, sessionId: string): Promise<string[]> {
  const { rows } = await readByPython(await connection.export());
  return rows.filter(({ session_id }) => session_id === sessionId).map(({ content }) => content);
}

test("a purge leaves no 8 bytes of a message, its preview or title in any file of the database", async () => {
  const path = freshPath();
  const connection = await openDatabase({ path });
  const [gone, kept] = ["gone", "kept"].map((id) => new SQLiteContextStore(connection, id, { project: "p" }));
  const texts = [40, 300, 2000, 20_000, 60_000].map(secret);
  const title = secret(60);
  // Rows are moved about while pages fill up, and leave traces in other places than where they lie.
  for (const text of texts) {
    await gone!.append(user(text));
    for (let i = 0; i < 30; i++) await kept!.append(assistant(`${i} ${"y".repeat(i * 40)}`));
  }
  for (let i = 0; i < 300; i++) {
    texts.push(secret(100 + i));
    await gone!.append(user(texts.at(-1)!));
  }
  await gone!.setTitle(title);
  const metadata = secret(50);
  await gone!.append(user("with metadata"), { metadata: { metadata } });
  const needles = traces([...texts, title, metadata], await contentsOf(connection, "gone"));
  const history = await kept!.getMessages();
  await gone!.deleteSession();
  expect(runsIn(await filesBelow(path), needles).length).toBeGreaterThan(1000);

  expect(await connection.purgeDeleted()).toBe(1);
  expect(runsIn(await filesBelow(path), needles)).toEqual([]);
  expect(await kept!.getMessages()).toEqual(history);
  expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
  const { id } = await kept!.append(user("after"));
  expect(id).toBeGreaterThan(Math.max(...history.map((message) => message.id)));
  await connection.close();
  expect(runsIn(await filesBelow(path), needles)).toEqual([]);
});

test("a purge keeps what was deleted later, which can be restored", async () => {
  const path = freshPath();
  const connection = await openDatabase({ path });
  const [first, second] = ["first", "second"].map((id) => new SQLiteContextStore(connection, id, { project: "p" }));
  // Not compressed: two texts of the same letters are compressed by the same table.
  const texts = [secret(3000), secret(300)] as const;
  await first!.append(user(texts[0]));
  await second!.append(user(texts[1]));
  const needles = traces([texts[0]], await contentsOf(connection, "first"));
  await first!.deleteSession();
  const between = new Date(Date.now() + 1);
  await expect.poll(() => Date.now()).toBeGreaterThan(between.getTime());
  await second!.deleteSession();
  expect(await connection.purgeDeleted({ olderThan: between })).toBe(1);
  expect(runsIn(await filesBelow(path), needles)).toEqual([]);
  const [left] = await connection.listDeletedSessions();
  await connection.restoreSession(left!);
  expect(words(await second!.getHistory())).toEqual([texts[1]]);
});
