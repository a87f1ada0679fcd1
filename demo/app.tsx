import { ErrorBoundary, ErrorScreen } from "./error-screen.js";
import { NoticeBoard } from "./notice.js";
import { useDatabase } from "./use-database.js";
import { Workspace } from "./workspace.js";

/** Opens the chat history, and says so where that does not work. */
export function App() {
  const { connection, error, retry } = useDatabase("~/.axio/chat.db");
  if (error !== undefined) return <ErrorScreen title="The chat history did not open" error={error} onRetry={retry} />;
  if (!connection) return <p className="opening">Opening the chat history…</p>;
  return (
    <ErrorBoundary>
      <NoticeBoard>
        <Workspace connection={connection} />
      </NoticeBoard>
    </ErrorBoundary>
  );
}
