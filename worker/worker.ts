import { expose } from "comlink";
import { ContextStoreError } from "../src/errors.js";
import { PROTOCOL, type WorkerApi } from "../src/protocol.js";
import { failure, success } from "./failure.js";
import { hold } from "./ownership.js";
import { Router } from "./router.js";

// The dedicated worker of one page and one database.

let router: Router | undefined;

const api: WorkerApi = {
  async open(options, onEvent) {
    try {
      if (options.protocol !== PROTOCOL) {
        const message = `The page speaks protocol ${options.protocol}, the worker file ${PROTOCOL}: a cache has mixed two versions of axio-context-opfs. Reload the page.`;
        throw new ContextStoreError("protocol-mismatch", message);
      }
      await hold(options.alive);
      router = new Router(options, onEvent);
      return success({ databaseId: await router.open() });
    } catch (error) {
      return failure(error);
    }
  },
  async run(requests, unanswered) {
    return router!.run(requests, unanswered);
  },
  async listen(wanted) {
    router?.listen(wanted);
  },
  async close() {
    router?.close();
  },
};

expose(api);
