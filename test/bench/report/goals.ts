import { OURS } from "../drivers/registry.js";
import type { Measured, Measurements } from "../measurements.js";

/** What a figure of ours is to be: at most so many times another one, or a value. */
export interface Goal {
  readonly name: string;
  readonly times?: number;
  /** Another driver at the same work, or another figure. */
  readonly of?: string | Measured;
  readonly atMost?: number;
  /** Aimed at, but not required. */
  readonly stretch?: boolean;
}

/** What the goal comes to. */
export interface Outcome {
  readonly goal: Goal;
  readonly text: string;
  readonly found: string;
  readonly reached: boolean;
}

export const GOALS: readonly Goal[] = [
  { name: "append", times: 0.35, of: "idb" },
  { name: "append", times: 1, of: "wa-sqlite" },
  { name: "append-long", times: 1.15, of: [OURS, "append"] },
  { name: "burst", times: 1.3, of: "floor-envelope" },
  { name: "history cold", times: 1, of: "floor-envelope" },
  { name: "history cold", times: 1, of: "idb", stretch: true },
  { name: "history warm", times: 1, of: "floor" },
  { name: "last cold", times: 1, of: "floor-envelope" },
  { name: "last cold", times: 1, of: "idb", stretch: true },
  { name: "last warm", times: 0.6, of: "idb" },
  { name: "list cold", times: 1.3, of: "floor" },
  { name: "list warm", times: 1.3, of: "floor" },
  { name: "load", times: 1, of: "wa-sqlite" },
  { name: "load", times: 1.25, of: "idb", stretch: true },
  { name: "load second", times: 1, of: "idb" },
  { name: "fork", times: 1, of: "floor" },
  { name: "size MB", times: 1.05, of: "python-file" },
  { name: "search warm", atMost: 3 },
  { name: "burst blocked", atMost: 0 },
  { name: "history blocked", atMost: 0 },
  { name: "download kB", atMost: 471 },
  { name: "download page kB", atMost: 5.12 },
];

/** How each goal stands for which all figures are there. */
export function outcomes(measurements: Measurements, goals: readonly Goal[]): readonly Outcome[] {
  return goals.flatMap((goal) => {
    const ours = [OURS, goal.name] as const;
    const value = measurements.median(...ours);
    if (value === undefined) return [];
    if (goal.atMost !== undefined) {
      return [{ goal, text: `at most ${goal.atMost}`, found: rounded(value), reached: value <= goal.atMost }];
    }
    const other = typeof goal.of === "string" ? ([goal.of, goal.name] as const) : goal.of!;
    const ratio = measurements.ratio(ours, other);
    if (ratio === undefined) return [];
    const what = other[0] === OURS ? other[1] : other[0];
    const text = `at most ${goal.times} × ${what}`;
    return [{ goal, text, found: `${ratio.toFixed(2)} ×`, reached: ratio <= goal.times! }];
  });
}

/** With as many digits as are worth reading. */
export function rounded(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}
