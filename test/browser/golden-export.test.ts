import { expect, test } from "vitest";
import { SQLiteContextStore } from "../../src/index.js";
import { openDatabase } from "../fixtures/databases.js";
import { type ExpectedSession, expectedOf, GOLDEN_FILES, golden, projectsOf } from "../fixtures/golden.js";
import { readByPython } from "../fixtures/python.js";

test.each(Object.entries(GOLDEN_FILES))(
  "keeps every imported row's bytes of %s through an export, while others are written",
  async (name, walName) => {
    const [connection, expected] = await Promise.all([openDatabase(), expectedOf(name)]);
    const wal = walName === undefined ? undefined : await golden(walName);
    await connection.import(await golden(name), { wal });
    // Python reads no -wal that lies elsewhere.
    const original = await readByPython(wal ? await connection.export() : await golden(name));
    const [[id, session]] = Object.entries(expected.sessions) as [[string, ExpectedSession]];
    const own = new SQLiteContextStore(connection, id, { project: projectsOf(session)[0]! });
    await own.append({ role: "user", content: [{ type: "text", text: "new" }] });
    await own.fork();
    const exported = await readByPython(await connection.export());
    for (const row of original.rows) expect(exported.rows).toContainEqual(row);
  },
);
