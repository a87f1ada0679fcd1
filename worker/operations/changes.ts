import type { ContextChange } from "../../src/changes.js";
import type { MessageRef } from "../../src/messages.js";
import type { Edited } from "../../src/operations.js";
import { is, type OwnerRequest } from "../requests.js";

/** A change before it is known in which commit, and by whom. */
export type Change = Omit<ContextChange, "commit" | "local">;

/** What a write that was carried out has changed. `dbNames`: all prefixes of the file. */
export function changesOf(request: OwnerRequest, result: unknown, dbNames: Iterable<string>): Change[] {
  if (is(request, "append")) {
    const [first] = result as readonly MessageRef[];
    return [{ kind: "append", ...request.args.session, ...(first && { position: first.position }) }];
  }
  if (is(request, "splice") || is(request, "checkpoint") || is(request, "finish") || is(request, "abort")) {
    const edited = result as Edited;
    return edited ? [{ ...request.args.session, ...edited }] : [];
  }
  if (is(request, "fork")) return [{ kind: "fork", ...request.args.session, sessionId: request.args.target }];
  if (is(request, "clear")) return [{ kind: "clear", ...request.args.session }];
  if (is(request, "setTokens") || is(request, "addTokens")) return [{ kind: "tokens", ...request.args.session }];
  if (is(request, "setTitle")) return [{ kind: "session", ...request.args.session }];
  if (is(request, "deleteSession")) return [{ kind: "delete", ...request.args.session }];
  if (is(request, "restoreSession")) return [{ kind: "restore", ...request.args.session }];
  // What is purged was out of sight already.
  if (is(request, "purgeDeleted")) return [];
  return Array.from(dbNames, (dbName) => ({ kind: request.name === "import" ? "import" : "resync", dbName }));
}
