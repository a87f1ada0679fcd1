// Faults that a test brings about in a worker, on a channel of the worker's name. To be imported before the worker's own
// code, which then finds the functions that are replaced here.

/** What a test asks of the worker. */
export type Fault =
  /** Count. */
  | { readonly type: "report" }
  /** Block the thread until the server answers. */
  | { readonly type: "hang"; readonly url: string }
  /** Refuse so many access handles, as if another worker held the files. */
  | { readonly type: "refuse"; readonly handles: number }
  /** Answer once an access handle was refused, for whatever reason, after this was asked. */
  | { readonly type: "await-refusal" }
  /** End without a word. */
  | { readonly type: "end" };

/** What has happened in the worker. */
export interface FaultReport {
  /** How often WebAssembly was compiled that is as large as SQLite. */
  readonly compiled: number;
  /** How many access handles were refused, by the browser or here. */
  readonly refused: number;
}

/** What inflates contents is. */
const SMALL_BYTES = 64 * 1024;

let compiled = 0;
let refused = 0;
let toRefuse = 0;
const onRefusal: (() => void)[] = [];

for (const name of ["compile", "compileStreaming", "instantiate", "instantiateStreaming"] as const) {
  const original = WebAssembly[name] as (...args: unknown[]) => unknown;
  Object.assign(WebAssembly, {
    [name](...args: unknown[]) {
      compiled++;
      return original(...args);
    },
  });
}
WebAssembly.Module = new Proxy(WebAssembly.Module, {
  construct(target, args: ConstructorParameters<typeof WebAssembly.Module>) {
    if (args[0].byteLength > SMALL_BYTES) compiled++;
    return new target(...args);
  },
});

interface HandleMaker {
  createSyncAccessHandle(): Promise<unknown>;
}

const files = FileSystemFileHandle.prototype as unknown as HandleMaker;
const { createSyncAccessHandle } = files;
files.createSyncAccessHandle = async function (this: HandleMaker, ...args: []) {
  try {
    if (toRefuse > 0) {
      toRefuse--;
      throw new DOMException("Refused by the test.", "NoModificationAllowedError");
    }
    return await createSyncAccessHandle.apply(this, args);
  } catch (error) {
    refused++;
    for (const resolve of onRefusal.splice(0)) resolve();
    throw error;
  }
};

const channel = new BroadcastChannel(self.name);
channel.addEventListener("message", ({ data }: MessageEvent<{ readonly fault: Fault }>) => void bring(data.fault));

async function bring(fault: Fault): Promise<void> {
  if (fault.type === "end") return self.close();
  if (fault.type === "refuse") toRefuse = fault.handles;
  if (fault.type === "await-refusal") await new Promise<void>((resolve) => onRefusal.push(resolve));
  const report: FaultReport = { compiled, refused };
  channel.postMessage({ report });
  if (fault.type === "hang") hang(fault.url);
}

function hang(url: string): void {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.send();
}
