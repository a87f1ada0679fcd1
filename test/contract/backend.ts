import type { ContextStore } from "../../src/index.js";

/** What a suite of the contract runs on. */
export interface Backend {
  /** A store on a session that is empty, and that nobody else has. Closed by the backend. */
  readonly open: () => Promise<ContextStore>;
}
