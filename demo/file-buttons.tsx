import { type ChangeEvent, useRef, useState } from "react";
import type { Connection, ImportSummary } from "../src/index.js";
import { showCount } from "./format.js";
import { ExportIcon, ImportIcon } from "./icons.js";
import { useNotices } from "./notice.js";

interface FileButtonsProps {
  readonly connection: Connection;
  readonly onChange: () => void;
}

/** The whole history as a file: out of the browser, and back. */
export function FileButtons({ connection, onChange }: FileButtonsProps) {
  const { attempt, say } = useNotices();
  const [isBusy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  async function run(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    await attempt(work);
    setBusy(false);
  }

  const exportFile = () => run(async () => save(await connection.export(), "longhand.sqlite"));

  async function importFiles(event: ChangeEvent<HTMLInputElement>): Promise<void> {
    const files = [...(event.target.files ?? [])];
    event.target.value = "";
    const file = files.find(({ name }) => !isWal(name));
    if (!file && files.length > 0) say("Choose the SQLite file that this one belongs to, too.");
    if (!file) return;
    await run(async () => {
      say(tell(await connection.import(file, { wal: files.find(({ name }) => isWal(name)) })));
      onChange();
    });
  }

  return (
    <div className="file-buttons">
      <button type="button" className="button" disabled={isBusy} onClick={() => void exportFile()}>
        <ExportIcon /> Export
      </button>
      <button type="button" className="button" disabled={isBusy} onClick={() => input.current?.click()}>
        <ImportIcon /> Import
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="An SQLite file, and its -wal"
        onChange={(event) => void importFiles(event)}
      />
    </div>
  );
}

function isWal(name: string): boolean {
  return name.endsWith("-wal");
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the bytes from here on.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function tell(summary: ImportSummary): string {
  const { sessionsAdded, sessionsExtended, sessionsForked, sessionsUnchanged, messagesAdded } = summary;
  if (sessionsAdded + sessionsExtended + sessionsForked + sessionsUnchanged === 0)
    return "There are no chats in this file.";
  if (messagesAdded === 0) return "Everything in this file is here already.";
  const parts = [
    sessionsAdded > 0 && `${showCount(sessionsAdded, "chat")} added`,
    sessionsExtended > 0 && `${showCount(sessionsExtended, "chat")} continued`,
    sessionsForked > 0 && `${showCount(sessionsForked, "chat")} added as a fork`,
  ];
  return `${parts.filter(Boolean).join(", ")}: ${showCount(messagesAdded, "new message")}.`;
}
