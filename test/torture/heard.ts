import type { CrowdRecord, HeardAppend } from "./operations.js";
import type { Violation } from "./violation.js";

/** Each append of a crowd must have been told to each tab once, in the order of the commits. */
export function checkHeard(
  records: readonly CrowdRecord[],
  heard: readonly (readonly HeardAppend[])[],
): { delays: number[]; violations: Violation[] } {
  const delays: number[] = [];
  const violations: Violation[] = [];
  const report = (kind: Violation["kind"], detail: string) => violations.push({ kind, detail });
  for (const [tab, changes] of heard.entries()) {
    const found = new Map(changes.map((change) => [`${change.session} ${change.position}`, change]));
    if (found.size < changes.length)
      report("doubled", `Tab ${tab} heard ${changes.length - found.size} changes again.`);
    for (const [place, { commit }] of changes.entries()) {
      const last = changes[place - 1]?.commit ?? 0;
      if (commit < last) report("disordered", `Tab ${tab} heard of commit ${commit} after ${last}.`);
    }
    for (const [writer, { appended }] of records.entries()) {
      for (const { session, position, key, at } of appended) {
        const change = found.get(`${session} ${position}`);
        if (!change) report("lost", `Tab ${tab} never heard of ${key}.`);
        else if (writer !== tab) delays.push(change.at - at);
      }
    }
  }
  return { delays, violations };
}
