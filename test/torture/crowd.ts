import { isDeepStrictEqual } from "node:util";
import type { Page } from "playwright";
import type { Browser } from "../browsers.js";
import type { CrowdRecord, SessionState } from "./operations.js";
import { checkHeard } from "./heard.js";
import { RunningBrowser } from "./running-browser.js";
import { serveSite } from "./site.js";
import type { Violation } from "./violation.js";

export interface CrowdOptions {
  readonly browser: Browser;
  readonly tabs: number;
  /** How many messages each tab appends. */
  readonly each: number;
  /** One at a time, with a rest after each. */
  readonly isGentle?: boolean;
}

export interface CrowdResult {
  readonly appended: number;
  readonly reads: number;
  readonly forks: number;
  readonly milliseconds: number;
  /** Milliseconds from the acknowledgement of each append to each other tab's hearing of it. */
  readonly delays: readonly number[];
  readonly violations: readonly Violation[];
}

const PRESSING = { atOnce: 8, rest: 0 };
const GENTLE = { atOnce: 1, rest: 200 };

/** Lets many tabs append at once, half into a shared session and half into their own. Nobody dies. */
export async function crowd({ browser, tabs, each, isGentle = false }: CrowdOptions): Promise<CrowdResult> {
  const site = await serveSite();
  const running = await RunningBrowser.start(browser);
  try {
    const pages = await Promise.all(Array.from({ length: tabs }, () => openPage(running, site.url)));
    await Promise.all(pages.map((page) => page.evaluate(() => torture.listen())));
    const work = { each, ...(isGentle ? GENTLE : PRESSING) };
    const begin = performance.now();
    const written = await Promise.all(
      pages.map((page, tab) => page.evaluate(([tab, work]) => torture.append(tab, work), [tab, work] as const)),
    );
    const milliseconds = performance.now() - begin;
    const records = written.map((json) => JSON.parse(json) as CrowdRecord);
    const count = (list: "appended" | "reads" | "forks") =>
      records.reduce((sum, record) => sum + record[list].length, 0);
    const appended = count("appended");
    const heard = await Promise.all(pages.map((page) => page.evaluate((count) => torture.heard(count), appended)));
    const { delays, violations } = checkHeard(records, heard);
    violations.push(...(await checkCrowd(pages, records, each)));
    return { appended, reads: count("reads"), forks: count("forks"), milliseconds, delays, violations };
  } finally {
    await running.close();
    await site.stop();
  }
}

async function openPage({ context }: RunningBrowser, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(() => torture.open());
  return page;
}

async function checkCrowd(pages: readonly Page[], records: readonly CrowdRecord[], each: number): Promise<Violation[]> {
  const forks = records.flatMap((record) => record.forks);
  const sessions = ["shared", ...records.map((_, tab) => `own-${tab}`), ...forks.map(({ session }) => session)];
  const [json, ...others] = await Promise.all(
    pages.map((page) => page.evaluate((sessions) => torture.read(sessions), sessions)),
  );
  const states = JSON.parse(json!) as SessionState[];
  const violations: Violation[] = others.flatMap((other, place) =>
    other === json ? [] : { kind: "altered", detail: `Tab ${place + 1} reads other than tab 0.` },
  );
  const problems = await pages[0]!.evaluate(() => torture.problems());
  violations.push(...problems.map((detail): Violation => ({ kind: "damaged", detail })));
  const bySession = new Map(states.map((state) => [state.session, state]));
  for (const [tab, record] of records.entries()) violations.push(...checkTab(tab, record, bySession, each));
  for (const session of ["shared", ...records.map((_, tab) => `own-${tab}`)])
    violations.push(...checkWhole(bySession.get(session)!, records));
  return violations;
}

/** What one tab was told, against what is there. */
function checkTab(
  tab: number,
  { appended, reads, forks }: CrowdRecord,
  states: ReadonlyMap<string, SessionState>,
  each: number,
): Violation[] {
  const violations: Violation[] = [];
  for (const session of ["shared", `own-${tab}`]) {
    const parity = session === "shared" ? 0 : 1;
    const made = Array.from({ length: each }, (_, number) => number).filter((number) => number % 2 === parity);
    const rows = states.get(session)!.rows.filter(({ key }) => key.startsWith(`${tab}-`));
    const keys = rows.map(({ key }) => key);
    if (
      isDeepStrictEqual(
        keys,
        made.map((number) => `${tab}-${number}`),
      )
    )
      continue;
    violations.push({ kind: "disordered", detail: `${session} has of tab ${tab}: ${keys.join(" ")}` });
  }
  for (const { session, key, id, position } of appended) {
    const row = states.get(session)!.rows[position];
    if (row?.key !== key || row.id !== id)
      violations.push({ kind: "lost", detail: `${key} was acknowledged as row ${id} at ${position} of ${session}.` });
  }
  // Nothing is ever removed: whoever reads or copies a session finds its beginning.
  const copies = forks.map(({ session, of }) => ({ session: of, rows: states.get(session)!.rows }));
  for (const { session, rows } of [...reads, ...copies]) {
    const beginning = states.get(session)!.rows.slice(0, rows.length);
    if (rows.every(({ key }, place) => key === beginning[place]?.key)) continue;
    violations.push({
      kind: "disordered",
      detail: `Tab ${tab} read or forked what is not the beginning of ${session}.`,
    });
  }
  return violations;
}

function checkWhole({ session, rows, tokens }: SessionState, records: readonly CrowdRecord[]): Violation[] {
  const violations: Violation[] = [];
  const expected = records.flatMap(({ appended }) => appended).filter((one) => one.session === session).length;
  if (rows.length !== expected)
    violations.push({ kind: "doubled", detail: `${session} has ${rows.length} rows, not ${expected}.` });
  if (rows.some(({ position }, place) => position !== place))
    violations.push({ kind: "damaged", detail: `The positions of ${session} are not dense.` });
  const altered = rows.filter(({ isIntact }) => !isIntact);
  violations.push(...altered.map(({ key }): Violation => ({ kind: "altered", detail: `${key} in ${session}.` })));
  const added = records.flatMap((record) => record.tokens).filter((one) => one.session === session);
  const inputTokens = added.reduce((sum, { input }) => sum + input, 0);
  const outputTokens = added.reduce((sum, { output }) => sum + output, 0);
  if (!isDeepStrictEqual(tokens, { inputTokens, outputTokens }))
    violations.push({ kind: "tokens", detail: `${session} has ${JSON.stringify(tokens)}.` });
  return violations;
}
