import { inspect } from "./inspect.js";
import { type Death, DEATHS, kill, signals } from "./deaths.js";
import type { HandOvers } from "./hand-over.js";
import { type Journal, PATIENT } from "./journal.js";
import type { Random } from "./random.js";
import type { Recorder } from "./recorder.js";
import type { RunningBrowser } from "./running-browser.js";
import type { TortureSite } from "./site.js";
import { Tab } from "./tab.js";
import type { TortureOptions, TortureResult } from "./torture.js";
import type { Violation } from "./violation.js";
import { mustWithin, pause, within } from "./waiting.js";

interface Setup extends Pick<TortureOptions, "kills" | "tabs" | "isGentle" | "onDeath" | "signal"> {
  readonly browser: RunningBrowser;
  readonly site: TortureSite;
  readonly journal: Journal;
  readonly handOvers: HandOvers;
  readonly recorder: Recorder;
  readonly random: Random;
}

/** After so many deaths the tabs share another session: what is compared with everything else stays small. */
const ERA = 10;

/** A `busyTimeout` that many a hand-over outlasts: calls of such a tab are given up, and made again. */
const IMPATIENT = 100;

/** How many calls a tab makes in one go, at most. */
const MANY = 8;

/** Milliseconds in which a tab that has just been opened becomes ready for anything. */
const CALM = 2000;

/** As long as an owner hangs, at most. */
const HANG = 800;

/** Longer than anything takes that still goes on. */
const HUNG = 40_000;

/** Longer than anything should take. */
const SLOW = 5000;

/** A page that says nothing for so long is dead, or is closed all the same. */
const DEAD = 3000;

/** As long as a hand-over is waited for. */
const HAND_OVER = 5000;

/** The tabs, their deaths, and what took their places. */
export class Run {
  readonly #setup: Setup;
  readonly #deaths: { death: Death; ofOwner: boolean }[] = [];
  readonly #opens: number[] = [];
  readonly #slowSteps: string[] = [];
  #hangs = 0;
  readonly #violations: Violation[] = [];
  #tabs: Tab[] = [];

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  get result(): Pick<TortureResult, "deaths" | "hangs" | "opens" | "slowSteps" | "violations"> {
    return {
      deaths: this.#deaths,
      hangs: this.#hangs,
      opens: this.#opens,
      slowSteps: this.#slowSteps,
      violations: this.#violations,
    };
  }

  /** Stops early where something is wrong: what follows would hide the evidence. */
  async run(): Promise<void> {
    await this.#openAll();
    while (this.#goesOn()) await this.#killOne();
    await Promise.all(this.#tabs.map((tab) => this.#step("a tab's last answers", tab.stop())));
    await Promise.all(this.#tabs.map((tab) => this.#step("closing a tab", tab.page.close())));
    await this.#inspect(true);
  }

  #goesOn(): boolean {
    const { kills, signal } = this.#setup;
    return this.#deaths.length < kills && !signal?.aborted && this.#violations.length === 0;
  }

  async #killOne(): Promise<void> {
    const { browser, site, handOvers, recorder, random, isGentle = false, onDeath } = this.#setup;
    await pause(random.below(400) + (isGentle ? CALM : 0));
    if (random.below(4) === 0 && !isGentle) await this.#hang();
    const death = random.weighted(DEATHS);
    const owner = await this.#findOwner();
    const victim = owner && (signals(death, browser) || random.below(3) > 0) ? owner : random.pick(this.#tabs);
    const ofOwner = victim === owner || death === "browser killed";
    // Others shall have writes in flight.
    recorder.isPressing = !isGentle;
    await pause(random.below(50));
    const strike = () => {
      // The first call that is answered shall not be late by a rest.
      recorder.isPressing = true;
      if (ofOwner) handOvers.begin(death, victim.life);
    };
    const died = ofOwner ? (at: number) => handOvers.died(at) : undefined;
    const scene = { browser, elsewhere: site.elsewhere, absence: random.below(300), strike, died };
    await this.#step(`death ${this.#deaths.length + 1}: ${death}`, kill(death, victim, scene));
    recorder.isPressing = false;
    this.#deaths.push({ death, ofOwner });
    onDeath?.(death, this.#deaths.length);
    // Now and then a tab is opened, and the next death comes, before the next owner is ready.
    if (death !== "browser killed" && random.below(4) > 0) await within(HAND_OVER, handOvers.done);
    if (death === "browser killed") await this.#restart();
    else await this.#replaceDead(death === "page reloaded" || death === "away and back" ? victim : undefined);
    handOvers.giveUp();
  }

  /** Waits for what the browser does, not for ever; notes what takes long. */
  async #step(what: string, work: Promise<unknown>): Promise<void> {
    const begun = performance.now();
    await within(HUNG, work);
    const seconds = (performance.now() - begun) / 1000;
    if (seconds * 1000 > SLOW) this.#slowSteps.push(`${what}, ${seconds.toFixed(1)} s`);
  }

  /** The process in which the owner runs stands still, and goes on. */
  async #hang(): Promise<void> {
    const { browser, recorder, random } = this.#setup;
    const duration = random.below(HANG);
    const id = await browser.ownerProcess();
    if (id === undefined) return;
    recorder.isPressing = true;
    await pause(random.below(50));
    try {
      process.kill(id, "SIGSTOP");
      await pause(duration);
    } finally {
      process.kill(id, "SIGCONT");
    }
    recorder.isPressing = false;
    this.#hangs++;
  }

  async #findOwner(): Promise<Tab | undefined> {
    const isOwner = await Promise.all(this.#tabs.map((tab) => tab.isOwner()));
    return this.#tabs[isOwner.indexOf(true)];
  }

  async #restart(): Promise<void> {
    const { browser, journal, handOvers } = this.#setup;
    journal.dieAll();
    handOvers.giveUp();
    await browser.launch();
    await this.#inspect(false);
    await this.#openAll();
  }

  /** `loaded`: the tab whose page was loaded again, or brought back. */
  async #replaceDead(loaded: Tab | undefined): Promise<void> {
    this.#tabs = await Promise.all(
      this.#tabs.map(async (tab) => {
        const life = await tab.lifeWithin(tab === loaded ? HUNG : DEAD);
        if (life === tab.life) return tab;
        if (tab !== loaded || life !== "none") await this.#step("closing a dead tab", tab.page.close());
        this.#setup.journal.die(tab.life);
        return tab.page.isClosed() ? this.#open() : this.#begin(tab);
      }),
    );
  }

  async #openAll(): Promise<void> {
    this.#tabs = await Promise.all(Array.from({ length: this.#setup.tabs }, () => this.#open()));
  }

  async #open(): Promise<Tab> {
    const { browser, site } = this.#setup;
    const page = await browser.context.newPage();
    await page.goto(site.url);
    return this.#begin(new Tab(page));
  }

  async #begin(tab: Tab): Promise<Tab> {
    const { journal, recorder, random, isGentle } = this.#setup;
    const era = Math.floor(this.#deaths.length / ERA);
    const busyTimeout = random.below(4) > 0 ? PATIENT : IMPATIENT;
    const life = {
      life: journal.begin(busyTimeout),
      seed: random.below(2 ** 32),
      shared: `shared-${era}`,
      edited: `edited-${era}`,
      busyTimeout,
      atOnce: isGentle ? 1 : MANY,
      recorder: recorder.url,
    };
    try {
      this.#opens.push(await mustWithin(HUNG, "opening the database", tab.begin(life)));
    } catch (error) {
      this.#violations.push({ kind: "not opened", detail: String(error) });
    }
    return tab;
  }

  async #inspect(isEnd: boolean): Promise<void> {
    const { browser, site, journal } = this.#setup;
    const page = await browser.context.newPage();
    await page.goto(site.url);
    try {
      const opening = page.evaluate(() => torture.open());
      this.#opens.push(await mustWithin(HUNG, "opening the database", opening));
      this.#violations.push(...(await inspect(page, journal, isEnd)));
    } catch (error) {
      this.#violations.push({ kind: "not opened", detail: String(error) });
    }
    await page.close();
  }
}
