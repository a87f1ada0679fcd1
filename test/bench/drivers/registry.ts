/** A driver as the command knows it. */
export interface DriverInfo {
  readonly file: string;
  readonly variant?: string;
  readonly title: string;
  /** What lies where once a write has been acknowledged. */
  readonly acknowledged: string;
  /** Filled from a database file. */
  readonly fromFile?: boolean;
}

/** Ours. */
export const OURS = "axio-context-opfs";

export const DRIVERS: Readonly<Record<string, DriverInfo>> = {
  [OURS]: { file: "ours", title: OURS, acknowledged: "written to the file", fromFile: true },
  floor: { file: "floor", title: "floor", acknowledged: "written to the file" },
  "floor-envelope": {
    file: "floor",
    variant: "envelope",
    title: "floor with envelope",
    acknowledged: "written to the file",
  },
  idb: { file: "idb", title: "idb", acknowledged: "handed to the system" },
  dexie: { file: "dexie", title: "Dexie", acknowledged: "handed to the system" },
  sqlocal: { file: "sqlocal", title: "SQLocal", acknowledged: "flushed" },
  pglite: { file: "pglite", title: "PGlite", acknowledged: "flushed" },
  "wa-sqlite": { file: "wa-sqlite", title: "wa-sqlite, tuned", acknowledged: "written to the file" },
};

/** Those that flush before they acknowledge, for that comparison alone. */
export const FLUSHING_DRIVERS: Readonly<Record<string, DriverInfo>> = {
  [`${OURS}-full`]: { file: "ours", variant: "full", title: OURS, acknowledged: "flushed", fromFile: true },
  "floor-flush": { file: "floor", variant: "flush envelope", title: "floor with envelope", acknowledged: "flushed" },
};

/** A page without a driver: what it downloads is not the driver's. */
export const NONE: DriverInfo = { file: "none", title: "none", acknowledged: "" };
