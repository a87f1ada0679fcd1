import type { Page } from "playwright";
import type { Life } from "./operations.js";
import { within } from "./waiting.js";

/** Milliseconds that a page is given to say what it is. */
const PATIENCE = 3000;

/** One of the tabs that share the database. */
export class Tab {
  readonly page: Page;
  #life: number | undefined;

  constructor(page: Page) {
    this.page = page;
  }

  get life(): number {
    return this.#life!;
  }

  /** Begins a life in the page. Resolves to how many milliseconds the database took to open. */
  async begin(life: Life): Promise<number> {
    this.#life = life.life;
    const milliseconds = await this.page.evaluate(() => torture.open());
    await this.page.evaluate((life) => torture.start(life), life);
    return milliseconds;
  }

  /** The life that goes on in the page: none where it has been loaded again; "hung" where it does not answer in time. */
  async lifeWithin(milliseconds: number): Promise<number | "none" | "hung"> {
    const life = this.page.evaluate(() => globalThis.torture?.life ?? "none");
    return (await within(milliseconds, life)) ?? "hung";
  }

  /** Resolves once the page has an answer to every call that it made. */
  stop(): Promise<void> {
    return this.page.evaluate(() => torture.stop());
  }

  async isOwner(): Promise<boolean> {
    return (
      (await within(
        PATIENCE,
        this.page.evaluate(() => torture.role()),
      )) === "owner"
    );
  }
}
