import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Report } from "./operations.js";
import { pause } from "./waiting.js";

/** Milliseconds between the calls of a page, where nothing presses. */
const REST = 40;

/** Takes the pages' reports. A page makes its next calls once their record has been answered: that sets the pace. */
export class Recorder {
  readonly #server: Server;
  /** Whether pages make calls as fast as they are answered. */
  isPressing = false;

  private constructor(take: (report: Report) => void) {
    this.#server = createServer((request, response) => {
      response.setHeader("Access-Control-Allow-Origin", "*");
      // A page may die while it posts.
      this.#answer(request, response, take).catch(() => response.destroy());
    });
  }

  static async start(take: (report: Report) => void): Promise<Recorder> {
    const recorder = new Recorder(take);
    await new Promise<void>((resolve) => recorder.#server.listen(0, "127.0.0.1", resolve));
    return recorder;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, take: (report: Report) => void): Promise<void> {
    const report = JSON.parse(await text(request)) as Report;
    take(report);
    if (report.issued && !this.isPressing) await pause(REST);
    response.writeHead(204).end();
  }
}
