import { ContextStoreError } from "./errors.js";

/** The browser forbids it: in a private window, or where the user has blocked site data. */
export function forbidden(cause: unknown): ContextStoreError {
  return new ContextStoreError(
    "unsupported",
    "The browser forbids this page to store anything (a private window, or blocked site data). Allow it, and reload.",
    { cause },
  );
}

/** Says why the browser, the origin or Node cannot do it, before anything is started. */
export function checkSupport(storage: "opfs" | "memory"): void {
  const lacks = missingFeature(storage);
  if (lacks) throw new ContextStoreError("unsupported", lacks);
}

function missingFeature(storage: "opfs" | "memory"): string | undefined {
  if (typeof Worker === "undefined" || typeof document === "undefined") {
    return "There is no browser page here; connect() from code that runs in one. Importing the package is safe everywhere.";
  }
  if (!isSecureContext) return "This page is not in a secure context; serve it over https, or from localhost.";
  if (storage === "memory") return undefined;
  if (origin === "null") return "This page has no origin of its own (a sandboxed frame), and can store nothing.";
  if (typeof navigator.storage?.getDirectory !== "function" || !navigator.locks) {
    return 'This browser has no origin private file system, or no Web Locks; update it, or pass { storage: "memory" } to keep nothing.';
  }
  return undefined;
}
