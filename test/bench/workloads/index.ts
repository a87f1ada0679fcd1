import { append } from "./append.js";
import { appendLong } from "./append-long.js";
import { burst } from "./burst.js";
import { fork } from "./fork.js";
import { history } from "./history.js";
import { last } from "./last.js";
import { list } from "./list.js";
import { search } from "./search.js";
import type { Workload } from "./workload.js";

/** In the order in which they run: the later ones read what the earlier ones wrote. */
export const WORKLOADS: readonly Workload[] = [append, burst, history, fork, list, search, last, appendLong];

/** Those that the command measures itself: loading a page, bytes on the disk, bytes that a page loads. */
export const OUTER_WORKLOADS = ["load", "size", "download"] as const;
