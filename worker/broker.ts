import type { LineEnd, ToBroker } from "./channels.js";
import { Recent } from "./recent.js";

// The shared worker of all tabs. A port to another tab can only be had from somebody whom both know: this is all it is
// for. What is said through such a port it never hears.

declare const self: SharedWorkerGlobalScope;

/** The owners that are remembered. An older one has long been followed by others. */
const OWNERS = 100;

interface Meeting {
  owner: MessagePort | undefined;
  /** The lines that it has not been given yet. */
  readonly offered: { readonly client: LineEnd; readonly line: MessagePort }[];
}

const meetings = new Recent<Meeting>(OWNERS, () => ({ owner: undefined, offered: [] }));

self.addEventListener("connect", ({ ports: [tab] }) => {
  tab!.addEventListener("message", ({ data, ports: [line] }: MessageEvent<ToBroker>) => {
    const meeting = meetings.get(data.owner);
    if (data.type === "offer") meeting.offered.push({ client: data.client, line: line! });
    else meeting.owner = tab;
    if (!meeting.owner) return;
    for (const { client, line } of meeting.offered.splice(0)) meeting.owner.postMessage(client, [line]);
  });
  tab!.start();
});
