import { type Announcement, announcementChannel, type Commit, firstCommit, type Ownership } from "../channels.js";
import type { Change } from "../operations/changes.js";

/**
 * Commits are announced together when they follow each other faster than a screen shows frames: a message to all tabs
 * costs as much as an append.
 */
const ANNOUNCE_MS = 16;

/** Tells all tabs of an owner and of what it commits. */
export class Announcer {
  readonly #ownership: Ownership;
  #channel: BroadcastChannel | undefined;
  #commits: number;
  #waiting: Commit[] = [];
  /** When the first of them was made. */
  #since = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ownership: Ownership) {
    this.#ownership = ownership;
    this.#commits = firstCommit(ownership);
  }

  /** The number of the last commit. */
  get lastCommit(): number {
    return this.#commits;
  }

  /** Other tabs hear of this owner from now on. */
  open(path: string): void {
    this.#channel = announcementChannel(path);
    this.say("owner");
  }

  say(type: "owner" | "cleared"): void {
    this.#post({ type, ownership: this.#ownership });
  }

  /** Gives a commit its number. Other tabs hear of it soon. */
  commit(client: string, changes: readonly Change[]): Commit {
    const commit = { client, commit: ++this.#commits, changes };
    // Also where no other tab has said a word to this owner: a follower learns of it by its announcement alone.
    if (this.#waiting.push(commit) === 1) {
      this.#since = performance.now();
      this.#timer = setTimeout(() => this.flush(), ANNOUNCE_MS);
    }
    return commit;
  }

  /** Tells what has waited long enough. Where calls pour in, timers are late. */
  flushDue(): void {
    if (performance.now() - this.#since > ANNOUNCE_MS) this.flush();
  }

  /** Tells what is waiting. */
  flush(): void {
    const commits = this.#waiting;
    if (commits.length === 0) return;
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#post({ type: "commits", ownership: this.#ownership, commits });
  }

  /** Tells what is waiting, and nothing after that. */
  close(): void {
    this.flush();
    this.#channel?.close();
    this.#channel = undefined;
  }

  #post(announcement: Announcement): void {
    this.#channel?.postMessage(announcement);
  }
}
