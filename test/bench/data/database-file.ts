import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Message } from "../../../src/index.js";
import { PYTHON, PYTHON_OPTIONS } from "../../python/python.js";
import { PROJECT } from "../drivers/project.js";
import type { Session } from "./messages.js";

/** From how many bytes on a message is compressed. */
const COMPRESSED_FROM = 512;

/** Makes a database file of the format that the Python package writes, with these sessions in it. */
export async function makeDatabaseFile(path: string, sessions: Iterable<Session>): Promise<void> {
  const python = spawn(PYTHON, [...PYTHON_OPTIONS, join(import.meta.dirname, "database-file.py"), path], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  const ended = once(python, "close");
  for (const session of sessions) {
    if (!python.stdin.write(rowsOf(session))) await once(python.stdin, "drain");
  }
  python.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`Python could not make ${path}: it ended with ${String(code)}.`);
}

function rowsOf({ id, createdAt, messages }: Session): string {
  const time = new Date(createdAt).toISOString().slice(0, 19).replace("T", " ");
  return messages
    .map((message, position) => `${JSON.stringify([id, PROJECT, position, message.role, envelope(message), time])}\n`)
    .join("");
}

function envelope({ content }: Message): string {
  const json = JSON.stringify(content);
  const bytes = Buffer.from(json);
  return bytes.length < COMPRESSED_FROM ? `plain:${json}` : `gzip:${gzipSync(bytes).toString("base64")}`;
}
