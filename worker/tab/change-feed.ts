import type { ContextChange } from "../../src/changes.js";
import type { Commit } from "../channels.js";

/** Tells the page, as long as it listens, of what was committed. */
export class ChangeFeed {
  readonly #client: string;
  readonly #tellPage: (changes: readonly ContextChange[]) => void;
  #isWanted = false;
  /** The last commit that an answer has shown. */
  #shown = 0;
  /** The last one that an answer had shown when the page began to listen. */
  #known = 0;

  constructor(client: string, tellPage: (changes: readonly ContextChange[]) => void) {
    this.#client = client;
    this.#tellPage = tellPage;
  }

  /** `shown`: by answers that came to the page another way. */
  listen(wanted: boolean, shown: number): void {
    this.show(shown);
    if (!this.#isWanted) this.#known = this.#shown;
    this.#isWanted = wanted;
  }

  /** An answer may come before the announcement of what it shows. */
  show(commit: number): void {
    this.#shown = Math.max(this.#shown, commit);
  }

  /** What another tab's owner announces. */
  announce(commits: readonly Commit[]): void {
    this.tell(commits.filter(({ commit }) => commit > this.#known));
  }

  tell(commits: readonly Commit[]): void {
    if (!this.#isWanted) return;
    const changes = commits.flatMap(({ client, commit, changes }) => {
      const local = client === this.#client;
      return changes.map((change) => ({ ...change, commit, local }));
    });
    this.#tellPage(changes);
  }
}
