import { DRIVERS, FLUSHING_DRIVERS, OURS } from "../drivers/registry.js";
import type { Options } from "../options.js";
import type { PartResult } from "./measured.js";
import { measureRivals } from "./rivals.js";

/** Appends that are flushed before they are acknowledged, beside a file that is flushed and those that are not. */
export function measureFull(options: Options): Promise<PartResult> {
  const drivers = { ...FLUSHING_DRIVERS, [OURS]: DRIVERS[OURS]!, "floor-envelope": DRIVERS["floor-envelope"]! };
  return measureRivals(drivers, { ...options, drivers: Object.keys(drivers), workloads: new Set(["append"]) });
}
