import { useEffect, useState } from "react";
import type { Connection, SearchHit } from "../src/index.js";
import { readTime, showCount, showTime } from "./format.js";
import { SearchIcon } from "./icons.js";
import { AUTHORS } from "./message-list.js";
import { useNotices } from "./notice.js";
import { linkTo } from "./use-place.js";

interface SearchBoxProps {
  readonly connection: Connection;
  readonly project: string;
  readonly onChoose: () => void;
}

/** Searches all chats of the project while the user types. */
export function SearchBox({ connection, project, onChoose }: SearchBoxProps) {
  const [query, setQuery] = useState("");
  const hits = useHits(connection, project, query.trim());
  const choose = () => {
    setQuery("");
    onChoose();
  };
  return (
    <search className="search">
      <label className="search-field">
        <SearchIcon />
        <input
          type="search"
          placeholder="Search all chats"
          aria-label="Search all chats"
          value={query}
          // Not onChange, which does not hear of what scripts write into the field: extensions, dictation, browser drivers.
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
      </label>
      <p className="visually-hidden" role="status">
        {hits && `${showCount(hits.length, "message")} found`}
      </p>
      {hits && (
        <ul className="search-hits" aria-label="Found messages">
          {hits.length === 0 && <li className="session-list-empty">Nothing found.</li>}
          {hits.map((hit) => (
            <li key={hit.messageId}>
              <a
                className="session"
                href={linkTo({ project, sessionId: hit.sessionId, position: hit.position })}
                onClick={choose}
              >
                <Snippet text={hit.snippet} />
                <span className="session-facts">
                  <span>{AUTHORS[hit.role]}</span>
                  <time dateTime={readTime(hit.createdAt).toISOString()}>{showTime(readTime(hit.createdAt))}</time>
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}

function Snippet({ text }: { readonly text: string }) {
  return (
    <span className="search-snippet">
      {text.split(/[⟦⟧]/).map((part, place) => (place % 2 === 1 ? <mark key={place}>{part}</mark> : part))}
    </span>
  );
}

function useHits(connection: Connection, project: string, query: string): readonly SearchHit[] | undefined {
  const [hits, setHits] = useState<readonly SearchHit[]>();
  const { attempt } = useNotices();
  useEffect(() => {
    let isCurrent = true;
    if (query === "") setHits(undefined);
    else {
      void attempt(async () => {
        const found = await connection.search(query, { project, limit: 20 });
        if (isCurrent) setHits(found);
      });
    }
    return () => {
      isCurrent = false;
    };
  }, [attempt, connection, project, query]);
  return hits;
}
