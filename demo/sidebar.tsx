import { type RefObject, useEffect, useRef } from "react";
import type { Connection } from "../src/index.js";
import { FileButtons } from "./file-buttons.js";
import { CloseIcon, Mark, NewIcon } from "./icons.js";
import { ProjectChoice } from "./project-choice.js";
import { SearchBox } from "./search-box.js";
import { SessionList } from "./session-list.js";
import type { Overview } from "./use-overview.js";
import { goTo, newSessionId } from "./use-place.js";

interface SidebarProps {
  readonly connection: Connection;
  readonly overview: Overview | undefined;
  readonly project: string;
  readonly sessionId: string;
  /** On a narrow screen it lies over the chat while it is open. */
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onChange: () => void;
}

export function Sidebar({ connection, overview, project, sessionId, isOpen, onClose, onChange }: SidebarProps) {
  const closeButton = useRef<HTMLButtonElement>(null);
  useEscape(isOpen, onClose);
  useFocusWhile(isOpen, closeButton);
  return (
    <>
      {isOpen && <div className="scrim" onClick={onClose} aria-hidden="true" />}
      <aside id="sidebar" className="sidebar" data-open={isOpen} aria-label="Chats and file">
        <header className="sidebar-head">
          <Mark />
          <span className="brand">Longhand</span>
          <button
            ref={closeButton}
            type="button"
            className="icon-button narrow-only"
            aria-label="Close the list of chats"
            onClick={onClose}
          >
            <CloseIcon />
          </button>
        </header>
        <button type="button" className="button new-chat" onClick={() => goTo({ project, sessionId: newSessionId() })}>
          <NewIcon /> New chat
        </button>
        <SearchBox connection={connection} project={project} onChoose={onClose} />
        <SessionList sessions={overview?.sessions} project={project} currentId={sessionId} onChoose={onClose} />
        <footer className="sidebar-foot">
          <ProjectChoice projects={overview?.projects ?? []} project={project} />
          <FileButtons connection={connection} onChange={onChange} />
        </footer>
      </aside>
    </>
  );
}

function useEscape(isOpen: boolean, onEscape: () => void): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") onEscape();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [isOpen, onEscape]);
}

/** Puts the focus into what has opened, and back to where it was when that closes. */
function useFocusWhile(isOpen: boolean, target: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    const before = document.activeElement;
    target.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [isOpen, target]);
}
