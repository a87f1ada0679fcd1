import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright";
import { makeDatabaseFile } from "../data/database-file.js";
import { makeMessages, makeSession, type Session } from "../data/messages.js";
import { type DriverInfo, NONE } from "../drivers/registry.js";
import type { Measurements } from "../measurements.js";
import type { Options } from "../options.js";
import { NoAnswerError, type RunningBrowser } from "../running-browser.js";
import type { Site } from "../site.js";
import { WORKLOADS } from "../workloads/index.js";
import { LONG, type Scale, type State, type StoreName, type Workload } from "../workloads/workload.js";
import { measured, type PartResult, type Setting } from "./measured.js";

/** A driver for which a workload takes longer is measured with it once. */
const SLOW = 5000;

/** The file that the Python package would have, beside the drivers. */
const PYTHON_FILE = "python-file";

/** Runs the workloads with every driver, driver by driver within each workload, so that what disturbs one disturbs all. */
export async function measureRivals(
  drivers: Readonly<Record<string, DriverInfo>>,
  options: Options,
): Promise<PartResult> {
  return measured({ ...drivers, none: NONE }, options.browser, (setting) =>
    new Rivals(drivers, options, setting).run(),
  );
}

class Rivals {
  readonly #measurements: Measurements;
  readonly #drivers: Readonly<Record<string, DriverInfo>>;
  readonly #options: Options;
  readonly #site: Site;
  readonly #browser: RunningBrowser;
  readonly #folder: string;
  readonly #states = new Map<string, State>();
  readonly #slow = new Set<string>();
  readonly #silent = new Set<string>();
  #stages = 0;

  constructor(
    drivers: Readonly<Record<string, DriverInfo>>,
    options: Options,
    { site, browser, folder, measurements }: Setting,
  ) {
    this.#drivers = drivers;
    this.#options = options;
    this.#site = site;
    this.#browser = browser;
    this.#folder = folder;
    this.#measurements = measurements;
    for (const driver of options.drivers) this.#states.set(driver, { appended: 0, long: options.scale.long });
  }

  async run(): Promise<void> {
    const { scale, workloads } = this.#options;
    const inner = WORKLOADS.filter(({ name }) => workloads.has(name));
    const needs = (store: StoreName) => inner.some((workload) => workload.store === store);
    if (needs("sessions") || workloads.has("size")) await this.#fill("sessions", manySessions(scale));
    if (needs("long") || workloads.has("load")) await this.#fill("long", [longSession(scale)]);
    for (let round = 0; round < scale.rounds; round++)
      for (const workload of inner) await this.#measure(workload, round);
    if (workloads.has("load")) for (let load = 0; load < scale.loads; load++) await this.#measureLoad();
    if (workloads.has("size")) await this.#measureSize();
    if (workloads.has("download")) await this.#measureDownload();
  }

  async #fill(store: "sessions" | "long", sessions: Iterable<Session>): Promise<void> {
    const path = join(this.#folder, `${store}.sqlite`);
    await makeDatabaseFile(path, sessions);
    if (store === "sessions") this.#measurements.add(PYTHON_FILE, { "size MB": (await stat(path)).size / 1e6 });
    await this.#stage(`fill ${store}`, async (driver, info) => {
      await this.#onPage(driver, store, async (page) => {
        if (info.fromFile) {
          await page.setInputFiles("input", path);
          await page.evaluate(() => bench.importFile());
        } else {
          await page.evaluate(([what, scale]) => bench.load(what, scale), [store, this.#options.scale] as const);
        }
      });
    });
  }

  async #measure(workload: Workload, round: number): Promise<void> {
    const store = workload.store === "fresh" ? `fresh-${round}` : workload.store;
    await this.#stage(workload.name, async (driver) => {
      const begin = performance.now();
      await this.#onPage(driver, store, async (page) => {
        const { figures, state } = await page.evaluate(([name, scale, before]) => bench.run(name, scale, before), [
          workload.name,
          this.#options.scale,
          this.#states.get(driver)!,
        ] as const);
        this.#states.set(driver, state);
        this.#measurements.add(driver, figures);
      });
      // What others read must be written in each round.
      if (performance.now() - begin > SLOW && workload.name !== "append") this.#slow.add(`${workload.name} ${driver}`);
    });
  }

  async #measureLoad(): Promise<void> {
    const url = (driver: string) => this.#site.url(driver, "long", { show: String(this.#states.get(driver)!.long) });
    await this.#stage("load", async (driver) => {
      await this.#browser.withPage(url(driver), async (page) => {
        this.#measurements.add(driver, { load: await shown(page) });
        await page.evaluate(() => bench.close());
      });
    });
    await this.#stage("load second", async (driver) => {
      await this.#browser.withPage(url(driver), async (first) => {
        await shown(first);
        await this.#browser.withPage(url(driver), async (second) => {
          this.#measurements.add(driver, { "load second": await shown(second) });
          await second.evaluate(() => bench.close());
        });
        await first.evaluate(() => bench.close());
      });
    });
  }

  async #measureSize(): Promise<void> {
    await this.#stage("size", async (driver) => {
      await this.#browser.withPage(this.#site.url(driver, "sessions"), async (page) => {
        const { all, searchIndex } = await page.evaluate(() => bench.usedBytes());
        this.#measurements.add(driver, {
          "size MB": (all - searchIndex) / 1e6,
          ...(searchIndex > 0 && { "search index MB": searchIndex / 1e6 }),
        });
      });
    });
  }

  async #measureDownload(): Promise<void> {
    await this.#browser.withPage(this.#site.url("none", "none"), (page) =>
      page.waitForFunction(() => "bench" in window),
    );
    const none = this.#site.downloaded("none");
    await this.#stage("download", async (driver) => {
      await this.#onPage(driver, "download", (page) => page.evaluate(() => void bench.open()));
      const { all, page } = this.#site.downloaded(driver);
      this.#measurements.add(driver, {
        "download kB": (all - none.all) / 1e3,
        "download page kB": (page - none.page) / 1e3,
      });
    });
  }

  async #onPage(driver: string, store: string, use: (page: Page) => Promise<unknown>): Promise<void> {
    await this.#browser.withPage(this.#site.url(driver, store), async (page) => {
      await page.waitForFunction(() => "bench" in window);
      await page.evaluate(async () => void (await bench.open()));
      await use(page);
      await page.evaluate(() => bench.close());
    });
  }

  /** Each stage begins with another driver. */
  async #stage(name: string, work: (driver: string, info: DriverInfo) => Promise<void>): Promise<void> {
    const names = this.#options.drivers;
    const first = this.#stages++ % names.length;
    process.stderr.write(`${name}\n`);
    for (const driver of [...names.slice(first), ...names.slice(0, first)]) {
      if (this.#slow.has(`${name} ${driver}`) || this.#silent.has(driver)) continue;
      try {
        await work(driver, this.#drivers[driver]!);
      } catch (error) {
        if (this.#browser.isStopped()) throw error;
        this.#measurements.fail(driver, name, error);
        process.stderr.write(`  ${driver}: ${this.#measurements.failures.at(-1)!.error}\n`);
        this.#slow.add(`${name} ${driver}`);
        if (error instanceof NoAnswerError) this.#silent.add(driver);
      }
    }
  }
}

async function shown(page: Page): Promise<number> {
  await page.waitForFunction(() => globalThis.loaded);
  const loaded = await page.evaluate(() => globalThis.loaded!);
  if ("error" in loaded) throw new Error(loaded.error);
  return loaded.milliseconds;
}

function* manySessions({ sessions, perSession }: Scale): Generator<Session> {
  for (let number = 0; number < sessions; number++) yield makeSession(number, perSession);
}

function longSession({ long }: Scale): Session {
  return { ...makeSession(0, 0), id: LONG, messages: makeMessages(LONG, 0, long) };
}
