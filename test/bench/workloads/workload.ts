import type { Driver } from "../drivers/driver.js";

/** How much is done. */
export interface Scale {
  /** Messages that are appended one by one, or all at once. */
  readonly appends: number;
  /** Milliseconds after which appending one by one ends, done or not. */
  readonly limit: number;
  /** Sessions of the list, and messages in each. */
  readonly sessions: number;
  readonly perSession: number;
  /** Messages of the long session. */
  readonly long: number;
  /** How often a page is loaded. */
  readonly loads: number;
  readonly rounds: number;
}

/** What earlier workloads left in the stores of a driver. */
export interface State {
  /** Messages of the session that was appended to one by one. */
  appended: number;
  /** Messages of the long session. */
  long: number;
}

/** Measured values by name: milliseconds, unless the name says otherwise. */
export type Figures = Readonly<Record<string, number>>;

/** The store that a workload runs on: a fresh one in each round, one of many sessions, or one with a long session. */
export type StoreName = "fresh" | "sessions" | "long";

/** Something that is measured with every driver. Rejects where an answer is wrong. */
export interface Workload {
  readonly name: string;
  readonly store: StoreName;
  run(driver: Driver, scale: Scale, state: State): Promise<Figures>;
}

export const LONG = "long";
export const APPENDED = "appended";
