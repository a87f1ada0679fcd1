import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, firefox } from "playwright";
import type { Browser } from "../browsers.js";
import { killProcessesOf } from "../e2e/processes.js";
import { pause } from "./waiting.js";

/** A real browser with a profile of its own on a disk, which outlives it. */
export class RunningBrowser {
  readonly #browser: Browser;
  readonly #folder: string;
  #context: BrowserContext | undefined;

  private constructor(browser: Browser, folder: string) {
    this.#browser = browser;
    this.#folder = folder;
  }

  static async start(browser: Browser): Promise<RunningBrowser> {
    const running = new RunningBrowser(browser, await mkdtemp(join(tmpdir(), "axio-context-opfs-torture-")));
    await running.launch();
    return running;
  }

  get name(): Browser["name"] {
    return this.#browser.name;
  }

  get context(): BrowserContext {
    return this.#context!;
  }

  /** Starts the browser again, with what it has stored. */
  async launch(): Promise<void> {
    const { name, launch } = this.#browser;
    const profile = join(this.#folder, "profile");
    this.#context =
      name === "chromium"
        ? await chromium.launchPersistentContext(profile, {
            ...launch,
            handleSIGINT: false,
            ignoreDefaultArgs: ["--disable-back-forward-cache"],
          })
        : await firefox.launchPersistentContext(profile, {
            ...launch,
            handleSIGINT: false,
            executablePath: await this.#crashable(launch),
          });
  }

  /** Ends the browser as the system would, without a word to it. */
  async kill(): Promise<void> {
    const closed = this.context.waitForEvent("close");
    await killProcessesOf(this.#folder);
    await closed;
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The process that holds the database's files: the one in which the owner runs. Needs Linux's /proc. */
  async ownerProcess(): Promise<number | undefined> {
    const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const holds = await Promise.all(ids.map((id) => this.#holdsFiles(id)));
    return ids.filter((_, place) => holds[place]).map(Number)[0];
  }

  /** Resolves once the process has ended. */
  async ended(id: number): Promise<void> {
    const state = () => readFile(`/proc/${id}/stat`, "latin1").catch(() => "");
    // What nobody has asked for the exit code of is there still, as a zombie.
    while (/\) [^ZX]/.test(await state())) await pause(1);
  }

  async #holdsFiles(id: string): Promise<boolean> {
    try {
      const command = await readFile(`/proc/${id}/cmdline`, "latin1");
      if (!/--type=renderer|-contentproc/.test(command)) return false;
      const files = await Promise.all(
        (await readdir(`/proc/${id}/fd`)).map((file) => readlink(`/proc/${id}/fd/${file}`).catch(() => "")),
      );
      return files.some((file) => file.startsWith(this.#folder) && /\/(File System|fs)\//.test(file));
    } catch {
      // The process has gone meanwhile, or is not ours.
      return false;
    }
  }

  // Playwright asks Firefox to end as a whole when one of its processes crashes, and lets nothing but the executable
  // change that.
  async #crashable({ executablePath }: Browser["launch"]): Promise<string> {
    const script = join(this.#folder, "firefox.sh");
    const path = executablePath ?? firefox.executablePath();
    const lines = ["#!/bin/sh", "unset MOZ_CRASHREPORTER_SHUTDOWN", `exec "${path}" "$@"`, ""];
    await writeFile(script, lines.join("\n"), { mode: 0o755 });
    return script;
  }
}
