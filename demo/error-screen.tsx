import { Component, type ReactNode } from "react";

/** What went wrong, in the words of the store: every error of it is a sentence for people. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface ErrorScreenProps {
  readonly title: string;
  readonly error: unknown;
  readonly onRetry: () => void;
}

/** Takes the place of the application where it cannot go on. */
export function ErrorScreen({ title, error, onRetry }: ErrorScreenProps) {
  return (
    <main className="error-screen" role="alert">
      <h1>{title}</h1>
      <p>{sentenceOf(error)}</p>
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
