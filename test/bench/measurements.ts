import { quantile } from "./page/timing.js";
import type { Figures } from "./workloads/workload.js";

/** What was measured on, and how. */
export interface Circumstances {
  readonly browser: string;
  readonly cores: number;
  readonly processor: string;
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly command: string;
}

/** A workload that a driver could not do. */
export interface Failure {
  readonly driver: string;
  readonly workload: string;
  readonly error: string;
}

/** All values of all rounds, by driver and name. */
export class Measurements {
  readonly values: Record<string, Record<string, number[]>> = {};
  readonly failures: Failure[] = [];

  static from({ values, failures }: Pick<Measurements, "values" | "failures">): Measurements {
    const read = new Measurements();
    Object.assign(read.values, values);
    read.failures.push(...failures);
    return read;
  }

  add(driver: string, figures: Figures): void {
    for (const [name, value] of Object.entries(figures)) ((this.values[driver] ??= {})[name] ??= []).push(value);
  }

  fail(driver: string, workload: string, error: unknown): void {
    this.failures.push({ driver, workload, error: String(error).split("\n")[0]! });
  }

  all(driver: string, name: string): readonly number[] | undefined {
    return this.values[driver]?.[name];
  }

  median(driver: string, name: string): number | undefined {
    const values = this.all(driver, name);
    return values && quantile(values, 0.5);
  }

  /** The median ratio; of each round where both were measured in the same rounds, so that what slows one slows both. */
  ratio([driver, name]: Measured, [other, otherName]: Measured): number | undefined {
    const [values, others] = [this.all(driver, name), this.all(other, otherName)];
    if (!values || !others) return undefined;
    if (values.length !== others.length) return quantile(values, 0.5) / quantile(others, 0.5);
    return quantile(
      values.map((value, round) => value / others[round]!),
      0.5,
    );
  }
}

export type Measured = readonly [driver: string, name: string];
