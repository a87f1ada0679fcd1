import { useCallback, useEffect, useState } from "react";
import { connect, type Connection } from "../src/index.js";

interface Database {
  readonly connection?: Connection;
  readonly error?: unknown;
}

/** The open database, or why it is not. Open for as long as the component is there. */
export function useDatabase(path: string): Database & { readonly retry: () => void } {
  const [database, setDatabase] = useState<Database>({});
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    let left = false;
    const opening = connect(path);
    opening.then(
      (connection) => !left && setDatabase({ connection }),
      (error: unknown) => !left && setDatabase({ error }),
    );
    return () => {
      left = true;
      opening.then((connection) => connection.close()).catch(() => {});
    };
  }, [path, attempt]);

  const retry = useCallback(() => {
    setDatabase({});
    setAttempt((count) => count + 1);
  }, []);
  return { ...database, retry };
}
