// The least that a page and its worker can say to each other: a call is a message each way, answered in order.

type Call = readonly [name: string, ...args: unknown[]];
type Answer = { readonly value: unknown } | { readonly error: string };
type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Calls methods of the worker. */
export function callsTo(worker: Worker): (...call: Call) => Promise<unknown> {
  const waiting: ((answer: Answer) => void)[] = [];
  worker.addEventListener("message", ({ data }) => {
    waiting.shift()!(data as Answer);
  });
  return (...call) =>
    new Promise((resolve, reject) => {
      waiting.push((answer) => ("error" in answer ? reject(new Error(answer.error)) : resolve(answer.value)));
      worker.postMessage(call);
    });
}

/** Answers the page's calls, one after the other. */
export function answerCalls(methods: Methods): void {
  let last: Promise<unknown> = Promise.resolve();
  addEventListener("message", ({ data: [name, ...args] }: MessageEvent<Call>) => {
    last = last.then(() => answer(methods[name] as (...given: unknown[]) => unknown, args));
  });
}

async function answer(method: (...given: unknown[]) => unknown, args: readonly unknown[]): Promise<void> {
  try {
    reply({ value: await method(...args) });
  } catch (error) {
    reply({ error: String(error) });
  }
}

function reply(answer: Answer): void {
  postMessage(answer, { transfer: "value" in answer && answer.value instanceof ArrayBuffer ? [answer.value] : [] });
}
