/** How long the main thread is at something in one go, in milliseconds. */
const SLICE_MS = 4;

/** Gives what is awaited between the steps of something long: now and then it lets the main thread do other things. */
export function pauses(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    await nextTask();
    since = performance.now();
  };
}

/** Not by a timer: those of a hidden page sleep. */
function nextTask(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(null);
  });
}
