import { Component, type ReactNode } from "react";
import { type ErrorCode, isContextStoreError } from "../src/index.js";

/** The store speaks to developers. This is for who uses the application, where that can do something. */
const SENTENCES: Partial<Record<ErrorCode, string>> = {
  busy: "Another tab of this page does not answer. Close it, then try again.",
  quota: "The disk is full, or what this site may use of it. Nothing is lost; make some room, then try again.",
  "storage-cleared": "The data of this site were deleted while the page was open. Reload it to begin anew.",
  "protocol-mismatch": "There is a newer version of this page. Reload it.",
};

/** What went wrong. */
export function sentenceOf(error: unknown): string {
  const sentence = isContextStoreError(error) ? SENTENCES[error.code] : undefined;
  return sentence ?? (error instanceof Error ? error.message : String(error));
}

/** Why the database cannot be opened. */
function openingSentenceOf(error: unknown): string {
  if (!isContextStoreError(error) || error.code !== "unsupported") return sentenceOf(error);
  return "This browser cannot keep the chats: it is too old, this is a private window, or the page came without https.";
}

interface ErrorScreenProps {
  readonly title: string;
  readonly error: unknown;
  readonly onRetry: () => void;
}

/** Takes the place of the application where it cannot go on. */
export function ErrorScreen({ title, error, onRetry }: ErrorScreenProps) {
  return (
    <main className="error-screen">
      <div role="alert">
        <h1>{title}</h1>
        <p>{openingSentenceOf(error)}</p>
      </div>
      <button type="button" className="button primary" onClick={onRetry}>
        Try again
      </button>
    </main>
  );
}

/** Shows what a component threw, such as a session id in the address that no session can have. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly error?: unknown }> {
  override state: { readonly error?: unknown } = {};

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    const startAfresh = () => {
      location.hash = "";
      location.reload();
    };
    return <ErrorScreen title="This page cannot be shown" error={this.state.error} onRetry={startAfresh} />;
  }
}
