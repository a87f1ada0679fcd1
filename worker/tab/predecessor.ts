/** How long an owner that is not busy takes to answer a hello, at most. */
const ANSWER_MS = 15;

/** How long an owner may take to see whether its files are still there. */
const CHECK_MS = 5000;

/** How long a worker whose files are gone may take to end. */
const RELEASE_MS = 300;

/**
 * Whether there is still an owner of files that are gone. After the site's data was cleared, Chromium grants the lock
 * although the last owner has its files open; whatever is created before they are let go of is destroyed when they are
 * (seen in Chromium 156). So whoever has the lock listens, while it loads SQLite, for an owner that answers its hello.
 */
export class Predecessor {
  #heldUntil = 0;
  #isEnding = false;

  /** It was asked whether it is there. */
  asked(): void {
    this.#heldUntil = Math.max(this.#heldUntil, performance.now() + ANSWER_MS);
  }

  /** It looks whether its files are there. */
  looks(): void {
    if (!this.#isEnding) this.#heldUntil = performance.now() + CHECK_MS;
  }

  /** Its files are gone, and it ends. */
  ends(): void {
    this.#isEnding = true;
    this.#heldUntil = performance.now() + RELEASE_MS;
  }

  /** Its files are there. */
  stays(): void {
    this.#heldUntil = 0;
  }

  async gone(): Promise<void> {
    for (let pause; (pause = this.#heldUntil - performance.now()) > 0;) {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
