import { DRIVERS, FLUSHING_DRIVERS, OURS } from "../drivers/registry.js";
import type { Circumstances, Measured, Measurements } from "../measurements.js";
import type { Part } from "../options.js";
import { FOLLOWER, OWNER } from "../parts/tabs.js";
import { GOALS, outcomes, rounded } from "./goals.js";
import type { Result } from "./results.js";
import { CHOSEN_ROWS, ROWS } from "./rows.js";
import { figuresTable, outcomesTable, slowerThan, table } from "./table.js";

type Section = (measurements: Measurements) => string;

/** In milliseconds more per call. */
const FOLLOWER_GOAL = 0.5;
const FULL_GOAL = 1.25;
const BLOCKED_GOAL = 8;
const MEMORY_GOAL = 64;

/** What is measured, beside what, and how many times as long it may take. */
const CHAT: readonly (readonly [name: string, than: string, most?: number])[] = [
  ["append, index in the background", "append, index on demand", 1.33],
  ["10,000 appends until indexed", "10,000 appends without index", 2],
  ["answer of 100 KB streamed in 4,000 updates at once", "the same answer appended", 3],
  ["last 50 of 100,000", "last 50 of 1,000"],
  ["page in the middle of 100,000", "page in the middle of 1,000"],
  ["first 50 of the iterator, 100,000", "first 50 of the iterator, 1,000"],
];

const titles = new Map(ROWS);

const TAB_TITLES = new Map([
  ["open", "connect() and a first read"],
  ["burst", "1,000 appends at once, each"],
]);

const SECTIONS: Readonly<Record<Part, Section>> = {
  rivals(measurements) {
    const slower = slowerThan(measurements, DRIVERS);
    const failures = measurements.failures.map(
      ({ driver, workload, error }) => `- ${driver}, ${workload}: ${error.replace(/^(Error: )+/, "")}`,
    );
    return [
      figuresTable(measurements, DRIVERS),
      "What was to be reached:",
      outcomesTable(outcomes(measurements, GOALS), titles),
      slower.length > 0
        ? `A rival is ahead in:\n\n${slower.map((line) => `- ${line}`).join("\n")}`
        : "No rival is ahead.",
      ...(failures.length > 0 ? [`What could not be measured:\n\n${failures.join("\n")}`] : []),
    ].join("\n\n");
  },
  full(measurements) {
    const ours: Measured = [`${OURS}-full`, "append"];
    const ratio = measurements.ratio(ours, ["floor-flush", "append"]) ?? NaN;
    const drivers = { ...FLUSHING_DRIVERS, [OURS]: DRIVERS[OURS]!, "floor-envelope": DRIVERS["floor-envelope"]! };
    const rows = Object.entries(drivers).map(([name, { title, acknowledged }]) => [
      `${title}, ${acknowledged}`,
      rounded(measurements.median(name, "append") ?? NaN),
      rounded(measurements.median(name, "append p95") ?? NaN),
    ]);
    return `${table(['An append with synchronous: "full", ms', "p50", "p95"], rows)}

Goal: at most ${FULL_GOAL} × the flushed floor. Found: ${ratio.toFixed(2)} ×, ${verdict(ratio <= FULL_GOAL)}.`;
  },
  tabs(measurements) {
    const names = Object.keys(measurements.values[OWNER] ?? {}).filter((name) => !/ p95$|blocked|longest/.test(name));
    const rows = names.map((name) => {
      const [owner, follower] = [measurements.median(OWNER, name)!, measurements.median(FOLLOWER, name) ?? NaN];
      const more = follower - owner;
      const title = TAB_TITLES.get(name) ?? titles.get(name) ?? name;
      return [title, rounded(owner), rounded(follower), more.toFixed(2), verdict(more <= FOLLOWER_GOAL)];
    });
    return table(["ms per call", "Owner's tab", "Another tab", "More", `At most ${FOLLOWER_GOAL} more`], rows);
  },
  "main-thread"(measurements) {
    const rows = Object.keys(measurements.values[OURS] ?? {}).map((name) => {
      const value = measurements.median(OURS, name)!;
      const clone = measurements.median(OURS, "one structured clone of it")!;
      const goal = name.startsWith("history")
        ? BLOCKED_GOAL
        : name.startsWith("large")
          ? BLOCKED_GOAL + clone
          : undefined;
      const isGoal = goal !== undefined && name.endsWith("longest");
      return [name, rounded(value), isGoal ? `at most ${rounded(goal)}: ${verdict(value <= goal)}` : ""];
    });
    return table(["Main thread, ms late", "", "Goal"], rows);
  },
  memory(measurements) {
    const rows = Object.keys(measurements.values[OURS] ?? {}).map((name) => {
      const value = measurements.median(OURS, name)!;
      return [name, rounded(value), `under ${MEMORY_GOAL}: ${verdict(value < MEMORY_GOAL)}`];
    });
    const title = "The worker without SQLite's own memory, 1,000,000 messages in the database";
    return table([title, "", "Goal"], rows);
  },
  chat(measurements) {
    const rows = CHAT.map(([name, than, most]) => {
      const [value, other] = [measurements.median(OURS, name), measurements.median(OURS, than)];
      const ratio = (value ?? NaN) / (other ?? NaN);
      const goal = most === undefined ? "" : `at most ${most}: ${verdict(ratio <= most)}`;
      return [name, rounded(value ?? NaN), than, rounded(other ?? NaN), `${ratio.toFixed(2)} ×`, goal];
    });
    return table(["ms", "", "beside", "", "Found", "Goal"], rows);
  },
  growth(measurements) {
    const sizes = Object.keys(measurements.values);
    const names = Object.keys(measurements.values[sizes[0]!] ?? {});
    const rows = names.map((name) =>
      [name].concat(sizes.map((size) => rounded(measurements.median(size, name) ?? NaN))),
    );
    return table(["ms by messages in the database", ...sizes.map((size) => Number(size).toLocaleString("en"))], rows);
  },
};

/** What a reader of the README wants to know first: the rivals, without the floors. */
export function summary({ circumstances, measurements }: Result): string {
  const rivals = Object.fromEntries(Object.entries(DRIVERS).filter(([name]) => !name.startsWith("floor")));
  const slower = slowerThan(measurements, rivals, CHOSEN_ROWS);
  return [
    figuresTable(measurements, rivals, CHOSEN_ROWS),
    slower.length > 0 ? `Where a rival is ahead:\n\n${slower.map((line) => `- ${line}`).join("\n")}` : "",
    circumstance(circumstances),
  ].join("\n\n");
}

/** The part as Markdown, with what it was measured on. */
export function section({ part, circumstances, measurements }: Result): string {
  return `${SECTIONS[part](measurements)}\n\n${circumstance(circumstances)}`;
}

/** One line that says what was measured on. */
export function circumstance({ browser, cores, processor, date, command }: Circumstances): string {
  return `${browser}, ${cores} cores (${processor}), ${date}, \`${command}\`.`;
}

function verdict(isReached: boolean): string {
  return isReached ? "reached" : "**not reached**";
}
