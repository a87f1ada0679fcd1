import { expose, transfer, wrap } from "comlink";
import { ContextStoreError } from "../src/errors.js";
import { type PageApi, PROTOCOL, type WorkerApi } from "../src/protocol.js";
import { failure, success } from "./failure.js";
import { hold } from "./locks.js";
import { Router } from "./tab/router.js";

// The dedicated worker of one page and one database.

let router: Router | undefined;

/** Settles once the page has heard the last event. */
let heard: Promise<void> = Promise.resolve();

const api: WorkerApi = {
  async open(options, port) {
    const { tell, broker, line } = wrap<PageApi>(port);
    try {
      if (options.protocol !== PROTOCOL) {
        const message = `The page speaks protocol ${options.protocol}, the worker file ${PROTOCOL}: a cache has mixed two versions of axio-context-opfs. Reload the page.`;
        throw new ContextStoreError("protocol-mismatch", message);
      }
      await hold(options.alive).catch((error: unknown) => {
        // Where the browser forbids a page to store anything, it forbids locks, too. What is in memory needs none.
        if (options.storage !== "memory") throw error;
      });
      router = new Router(options, {
        tell(event) {
          heard = tell(event);
          // Its files go with the worker, and the page may be slow to end it.
          if (event.type === "ended") setTimeout(() => self.close());
        },
        broker,
        line: (port) => void line(port && transfer(port, [port])),
      });
      return success({ databaseId: await router.open() });
    } catch (error) {
      return failure(error);
    }
  },
  async run(requests, unanswered) {
    const replies = await router!.run(requests, unanswered);
    // Events have a port of their own, and may come later than an answer that was posted after them.
    if (requests.some(({ name }) => name === "import")) await heard;
    return replies;
  },
  async lineFailed() {
    router?.lineFailed();
  },
  async listen(wanted, shown) {
    router?.listen(wanted, shown);
  },
  async close() {
    await router?.close();
  },
};

expose(api);
