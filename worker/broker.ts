import type { Line, ToBroker } from "./channels.js";
import { Recent } from "./recent.js";

// The shared worker of all tabs. A port to another tab can only be had from somebody whom both know: this is all it is
// for. What is said through such a port it never hears.

declare const self: SharedWorkerGlobalScope;

/** The owners that are remembered. An older one has long been followed by others. */
const OWNERS = 100;

interface Meeting {
  owner: MessagePort | undefined;
  /** The lines that it has not been given yet. */
  readonly offered: { readonly line: Line; readonly port: MessagePort }[];
}

const meetings = new Recent<Meeting>(OWNERS, () => ({ owner: undefined, offered: [] }));

self.addEventListener("connect", ({ ports: [tab] }) => {
  tab!.addEventListener("message", ({ data, ports: [port] }: MessageEvent<ToBroker>) => {
    const meeting = meetings.get(data.owner);
    if (data.type === "offer") meeting.offered.push({ line: data.line, port: port! });
    else meeting.owner = tab;
    if (!meeting.owner) return;
    for (const { line, port } of meeting.offered.splice(0)) meeting.owner.postMessage(line, [port]);
  });
  tab!.start();
});
