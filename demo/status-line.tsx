import type { Connection } from "../src/index.js";
import { showBytes, showCount } from "./format.js";
import { useNotices } from "./notice.js";
import type { Overview } from "./use-overview.js";

interface StatusLineProps {
  readonly connection: Connection;
  readonly overview: Overview | undefined;
  readonly onChange: () => void;
}

const ROLES = {
  owner: ["Owner", "This tab's worker holds the database."],
  follower: ["Follower", "Another tab's worker holds the database; this one asks it."],
} as const;

/** The file behind the chat, in one line. */
export function StatusLine({ connection, overview, onChange }: StatusLineProps) {
  if (!overview) return <p className="status-line" />;
  const { status, projects } = overview;
  const [role, explanation] = ROLES[status.role];
  const sum = (key: "sessionCount" | "messageCount") => projects.reduce((total, project) => total + project[key], 0);
  return (
    <ul className="status-line" aria-label="Database">
      <li className={`role ${status.role}`} title={explanation}>
        {role}
      </li>
      <li title="Journal mode">{status.journalMode.toUpperCase()}</li>
      <li className="wide-only">SQLite {status.sqliteVersion}</li>
      <li className="wide-only">{showCount(sum("sessionCount"), "chat")}</li>
      <li>{showCount(sum("messageCount"), "message")}</li>
      <li title="Size of the file">{showBytes(status.sizeBytes)}</li>
      <li>
        {status.persisted ? (
          <span title="The browser will not evict this site's data.">Protected</span>
        ) : (
          <ProtectButton connection={connection} onChange={onChange} />
        )}
      </li>
    </ul>
  );
}

/** A browser may evict a site's data when the disk is full, unless it promised not to. */
function ProtectButton({ connection, onChange }: Omit<StatusLineProps, "overview">) {
  const { attempt, say } = useNotices();
  const protect = () =>
    attempt(async () => {
      const granted = await connection.requestPersistence();
      if (!granted)
        say("The browser did not agree. It decides by how often you come here, or whether this page is bookmarked.");
      onChange();
    });
  return (
    <button
      type="button"
      className="link-button"
      title="Ask the browser not to evict this data when the disk is full"
      onClick={() => void protect()}
    >
      Protect
    </button>
  );
}
