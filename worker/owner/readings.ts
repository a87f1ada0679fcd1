import type { MessageRange } from "../../src/operations.js";
import type { Reply } from "../../src/protocol.js";
import type { Tell } from "../answers/answers.js";
import type { Rows } from "../answers/row-stream.js";
import { failure, success } from "../failure.js";
import { rangesOf } from "../operations/messages.js";
import { type Batch, is, type OwnerRequest } from "../requests.js";
import { finish, inSlices, type Steps } from "../slices.js";
import type { Database } from "../sqlite/database.js";
import type { Executor } from "./executor.js";

/** Reads long histories in slices, between which others have their turn. What a reader gets is of one moment. */
export class Readings {
  readonly #database: Database;
  readonly #executor: Executor;
  readonly #underWay = new Set<Steps<void>>();

  constructor(database: Database, executor: Executor) {
    this.#database = database;
    this.#executor = executor;
  }

  /** Carries out a batch that is a long reading, and tells all of the answer but its end. Gives nothing for any other. */
  read(batch: Batch, tell: Tell): Promise<readonly Reply[]> | undefined {
    const [request] = batch.requests;
    if (!request || !is(request, "messages") || this.#executor.isSeen(request)) return undefined;
    const ranges = this.#rangesOf(request);
    return ranges.length > 0 ? this.#run(this.#steps(batch, request, ranges, tell)) : undefined;
  }

  /** Messages are about to be changed, moved or removed: what is left to read is read before. */
  finish(): void {
    for (const steps of this.#underWay) finish(steps);
  }

  #rangesOf({ args }: OwnerRequest<"messages">): MessageRange[] {
    try {
      return rangesOf(this.#database, args);
    } catch {
      // The call itself says what it is.
      return [];
    }
  }

  async #run(steps: Steps<Reply>): Promise<readonly Reply[]> {
    let reply: Reply | undefined;
    const all = (function* (): Steps<void> {
      try {
        reply = yield* steps;
      } catch (error) {
        reply = failure(error);
      }
    })();
    this.#underWay.add(all);
    await inSlices(all);
    this.#underWay.delete(all);
    return [reply!];
  }

  *#steps(batch: Batch, request: OwnerRequest<"messages">, ranges: readonly MessageRange[], tell: Tell): Steps<Reply> {
    const { version } = this.#database;
    const read = (range: MessageRange) => {
      const args = { ...request.args, range, seen: undefined };
      return this.#executor.execute({ ...batch, requests: [{ ...request, args }] })[0]!;
    };
    for (const range of ranges.slice(0, -1)) {
      const reply = read(range);
      if (!reply.ok) return reply;
      tell(reply.value as Rows);
      yield;
    }
    const last = read(ranges.at(-1)!);
    // Others may have written meanwhile.
    return last.ok && last.version !== version ? success(last.value) : last;
  }
}
