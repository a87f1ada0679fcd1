import { expect, test } from "vitest";
import { makeMessage } from "../bench/data/messages.js";
import { sessionsOf, shortSessions } from "../bench/data/short-messages.js";
import { DRIVERS, OURS } from "../bench/drivers/registry.js";
import { Measurements } from "../bench/measurements.js";
import { parseOptions } from "../bench/options.js";
import { outcomes } from "../bench/report/goals.js";
import { figuresTable, slowerThan } from "../bench/report/table.js";

function measured(ours: readonly number[], idb: readonly number[]): Measurements {
  const measurements = new Measurements();
  for (const value of ours) measurements.add(OURS, { append: value });
  for (const value of idb) measurements.add("idb", { append: value });
  return measurements;
}

test("makes the same messages at every run", () => {
  expect(makeMessage("session", 4)).toEqual(makeMessage("session", 4));
  expect(makeMessage("session", 4)).not.toEqual(makeMessage("session", 9));
});

test("spreads as many messages as asked for over the sessions", () => {
  for (const count of [1000, 2000]) {
    const sessions = [...shortSessions(count)];
    expect(sessions.length).toBe(sessionsOf(count));
    const sum = sessions.reduce((total, { messages }) => total + messages.length, 0);
    expect(sum).toBeGreaterThan(count * 0.9);
    expect(sum).toBeLessThanOrEqual(count);
  }
});

test("compares the rounds of two drivers one by one", () => {
  // In the second round the machine was ten times slower for both.
  const measurements = measured([1, 10, 1], [4, 40, 4]);
  const [outcome] = outcomes(measurements, [{ name: "append", times: 0.3, of: "idb" }]);
  expect(outcome).toMatchObject({ found: "0.25 ×", reached: true });
});

test("says where a goal is not reached, and which rival is ahead", () => {
  const measurements = measured([2], [1]);
  expect(outcomes(measurements, [{ name: "append", times: 1, of: "idb" }])).toMatchObject([{ reached: false }]);
  expect(slowerThan(measurements, DRIVERS)).toEqual(["Append, p50: 2.00, behind idb (1.00)."]);
});

test("says nothing of what was not measured", () => {
  const measurements = measured([2], []);
  expect(outcomes(measurements, [{ name: "append", times: 1, of: "idb" }])).toEqual([]);
  expect(figuresTable(measurements, DRIVERS).split("\n")).toHaveLength(3);
});

test("refuses a driver, workload or part that there is not", () => {
  expect(() => parseOptions(["--drivers", "none"])).toThrow(/^There is no driver "none", only /);
  expect(() => parseOptions(["--workloads", "none"])).toThrow(/^There is no workload "none", only /);
  expect(() => parseOptions(["none"])).toThrow(/^There is no part "none", only /);
});
